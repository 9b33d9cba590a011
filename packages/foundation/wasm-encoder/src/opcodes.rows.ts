/** Value types by their binary code. Source: WebAssembly Core 5.3.1, 5.3.2. */
export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, funcref: 0x70 } as const
/** The type of a parameter, a result or a local. */
export type ValueType = Exclude<keyof typeof valueTypes, 'funcref'>

/** Control instructions. Source: WebAssembly Core 5.4.1; tail calls by the tail-call proposal, now in the core. */
export const control = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b,
  br: 0x0c, br_if: 0x0d, br_table: 0x0e, return: 0x0f, call: 0x10, call_indirect: 0x11,
  return_call: 0x12, return_call_indirect: 0x13, drop: 0x1a, select: 0x1b,
  'local.get': 0x20, 'local.set': 0x21, 'local.tee': 0x22, 'global.get': 0x23, 'global.set': 0x24,
  'memory.size': 0x3f, 'memory.grow': 0x40,
  'i32.const': 0x41, 'i64.const': 0x42, 'f32.const': 0x43, 'f64.const': 0x44,
} as const

/** Loads and stores: they take an alignment and an offset. Source: WebAssembly Core 5.4.6. */
export const memoryOps = {
  'i32.load': 0x28, 'i64.load': 0x29, 'f32.load': 0x2a, 'f64.load': 0x2b,
  'i32.load8_s': 0x2c, 'i32.load8_u': 0x2d, 'i32.load16_s': 0x2e, 'i32.load16_u': 0x2f,
  'i64.load8_s': 0x30, 'i64.load8_u': 0x31, 'i64.load16_s': 0x32, 'i64.load16_u': 0x33, 'i64.load32_s': 0x34, 'i64.load32_u': 0x35,
  'i32.store': 0x36, 'i64.store': 0x37, 'f32.store': 0x38, 'f64.store': 0x39,
  'i32.store8': 0x3a, 'i32.store16': 0x3b, 'i64.store8': 0x3c, 'i64.store16': 0x3d, 'i64.store32': 0x3e,
  'v128.load': 0xfd00, 'v128.store': 0xfd0b,
} as const
/** A load or a store. */
export type MemoryOp = keyof typeof memoryOps

/**
 * Reads with writes that nobody comes between: like loads and stores, but their alignment is what their width is, as a power of
 * two. Source: WebAssembly threads proposal, binary encoding of atomic memory instructions.
 */
export const atomicOps = {
  'i32.atomic.rmw.or': { opcode: 0xfe33, alignment: 2 },
  'i32.atomic.rmw8.or_u': { opcode: 0xfe35, alignment: 0 },
  'i32.atomic.rmw.cmpxchg': { opcode: 0xfe48, alignment: 2 },
  'i64.atomic.rmw.cmpxchg': { opcode: 0xfe49, alignment: 3 },
  'i32.atomic.rmw8.cmpxchg_u': { opcode: 0xfe4a, alignment: 0 },
  'i32.atomic.rmw16.cmpxchg_u': { opcode: 0xfe4b, alignment: 1 },
  'i64.atomic.rmw32.cmpxchg_u': { opcode: 0xfe4e, alignment: 2 },
} as const
/** A read with a write. */
export type AtomicOp = keyof typeof atomicOps

/** `atomic.fence`, whole. Source: as above. */
export const fenceOp = [0xfe, 0x03, 0x00] as const

/** Instructions without immediates. Prefixed ones are 0xfc00 or 0xfd00 plus their number. Source: WebAssembly Core 5.4.7, 5.4.8. */
export const plainOps = {
  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.gt_u': 0x4b,
  'i32.le_s': 0x4c, 'i32.le_u': 0x4d, 'i32.ge_s': 0x4e, 'i32.ge_u': 0x4f,
  'i64.eqz': 0x50, 'i64.eq': 0x51, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.lt_u': 0x54, 'i64.gt_s': 0x55, 'i64.gt_u': 0x56,
  'i64.le_s': 0x57, 'i64.le_u': 0x58, 'i64.ge_s': 0x59, 'i64.ge_u': 0x5a,
  'f32.eq': 0x5b, 'f32.ne': 0x5c, 'f32.lt': 0x5d, 'f32.gt': 0x5e, 'f32.le': 0x5f, 'f32.ge': 0x60,
  'f64.eq': 0x61, 'f64.ne': 0x62, 'f64.lt': 0x63, 'f64.gt': 0x64, 'f64.le': 0x65, 'f64.ge': 0x66,
  'i32.clz': 0x67, 'i32.ctz': 0x68, 'i32.popcnt': 0x69, 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c,
  'i32.div_s': 0x6d, 'i32.div_u': 0x6e, 'i32.rem_s': 0x6f, 'i32.rem_u': 0x70, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73,
  'i32.shl': 0x74, 'i32.shr_s': 0x75, 'i32.shr_u': 0x76, 'i32.rotl': 0x77, 'i32.rotr': 0x78,
  'i64.clz': 0x79, 'i64.ctz': 0x7a, 'i64.popcnt': 0x7b, 'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.mul': 0x7e,
  'i64.div_s': 0x7f, 'i64.div_u': 0x80, 'i64.rem_s': 0x81, 'i64.rem_u': 0x82, 'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85,
  'i64.shl': 0x86, 'i64.shr_s': 0x87, 'i64.shr_u': 0x88, 'i64.rotl': 0x89, 'i64.rotr': 0x8a,
  'f32.ceil': 0x8d, 'f32.floor': 0x8e, 'f32.trunc': 0x8f, 'f32.nearest': 0x90,
  'f64.ceil': 0x9b, 'f64.floor': 0x9c, 'f64.trunc': 0x9d, 'f64.nearest': 0x9e,
  'f32.abs': 0x8b, 'f32.neg': 0x8c, 'f32.sqrt': 0x91, 'f32.add': 0x92, 'f32.sub': 0x93, 'f32.mul': 0x94, 'f32.div': 0x95,
  'f64.abs': 0x99, 'f64.neg': 0x9a, 'f64.sqrt': 0x9f, 'f64.add': 0xa0, 'f64.sub': 0xa1, 'f64.mul': 0xa2, 'f64.div': 0xa3,
  'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad,
  'f32.convert_i32_s': 0xb2, 'f32.convert_i64_s': 0xb4, 'f32.demote_f64': 0xb6,
  'f64.convert_i32_s': 0xb7, 'f64.convert_i64_s': 0xb9, 'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc, 'i64.reinterpret_f64': 0xbd, 'f32.reinterpret_i32': 0xbe, 'f64.reinterpret_i64': 0xbf,
  'i32.trunc_sat_f32_s': 0xfc00, 'i32.trunc_sat_f64_s': 0xfc02, 'i64.trunc_sat_f32_s': 0xfc04, 'i64.trunc_sat_f64_s': 0xfc06,
  'i32.extend8_s': 0xc0, 'i32.extend16_s': 0xc1, 'i64.extend8_s': 0xc2, 'i64.extend16_s': 0xc3, 'i64.extend32_s': 0xc4,
  'i8x16.swizzle': 0xfd0e, 'i8x16.splat': 0xfd0f, 'i16x8.splat': 0xfd10, 'i32x4.splat': 0xfd11, 'i64x2.splat': 0xfd12,
  'i8x16.eq': 0xfd23, 'i8x16.gt_s': 0xfd27, 'i16x8.eq': 0xfd2d, 'i16x8.gt_s': 0xfd31, 'i32x4.eq': 0xfd37, 'i32x4.gt_s': 0xfd3b,
  'i32x4.lt_s': 0xfd39, 'i32x4.ge_s': 0xfd3f, 'i64x2.lt_s': 0xfdd801, 'i64x2.ge_s': 0xfddb01,
  'i32x4.all_true': 0xfda301, 'i64x2.all_true': 0xfdc301,
  'f32x4.eq': 0xfd41, 'f32x4.ne': 0xfd42, 'f32x4.lt': 0xfd43, 'f32x4.gt': 0xfd44, 'f32x4.le': 0xfd45, 'f32x4.ge': 0xfd46,
  'f64x2.eq': 0xfd47, 'f64x2.ne': 0xfd48, 'f64x2.lt': 0xfd49, 'f64x2.gt': 0xfd4a, 'f64x2.le': 0xfd4b, 'f64x2.ge': 0xfd4c,
  'f32x4.abs': 0xfde001, 'f64x2.abs': 0xfdec01,
  'f32x4.pmin': 0xfdea01, 'f32x4.pmax': 0xfdeb01, 'f64x2.pmin': 0xfdf601, 'f64x2.pmax': 0xfdf701,
  'f32x4.demote_f64x2_zero': 0xfd5e, 'f64x2.promote_low_f32x4': 0xfd5f, 'f32x4.nearest': 0xfd6a,
  'i32x4.trunc_sat_f32x4_s': 0xfdf801, 'f32x4.convert_i32x4_s': 0xfdfa01, 'f64x2.convert_low_i32x4_s': 0xfdfe01,
  'v128.not': 0xfd4d, 'v128.and': 0xfd4e, 'v128.andnot': 0xfd4f, 'v128.or': 0xfd50, 'v128.xor': 0xfd51, 'v128.bitselect': 0xfd52,
  'v128.any_true': 0xfd53,
  'i8x16.abs': 0xfd60, 'i8x16.bitmask': 0xfd64, 'i8x16.narrow_i16x8_s': 0xfd65, 'i8x16.narrow_i16x8_u': 0xfd66,
  'i8x16.shl': 0xfd6b, 'i8x16.shr_s': 0xfd6c, 'i8x16.shr_u': 0xfd6d,
  'i8x16.add': 0xfd6e, 'i8x16.add_sat_s': 0xfd6f, 'i8x16.add_sat_u': 0xfd70, 'i8x16.sub': 0xfd71, 'i8x16.sub_sat_s': 0xfd72, 'i8x16.sub_sat_u': 0xfd73,
  'i8x16.min_s': 0xfd76, 'i8x16.min_u': 0xfd77, 'i8x16.max_s': 0xfd78, 'i8x16.max_u': 0xfd79, 'i8x16.avgr_u': 0xfd7b,
  'i16x8.abs': 0xfd8001, 'i16x8.bitmask': 0xfd8401, 'i16x8.narrow_i32x4_s': 0xfd8501, 'i16x8.narrow_i32x4_u': 0xfd8601,
  'i16x8.extend_low_i8x16_s': 0xfd8701, 'i16x8.extend_high_i8x16_s': 0xfd8801, 'i16x8.extend_low_i8x16_u': 0xfd8901, 'i16x8.extend_high_i8x16_u': 0xfd8a01,
  'i16x8.shl': 0xfd8b01, 'i16x8.shr_s': 0xfd8c01, 'i16x8.shr_u': 0xfd8d01,
  'i16x8.add': 0xfd8e01, 'i16x8.add_sat_s': 0xfd8f01, 'i16x8.add_sat_u': 0xfd9001, 'i16x8.sub': 0xfd9101, 'i16x8.sub_sat_s': 0xfd9201, 'i16x8.sub_sat_u': 0xfd9301,
  'i16x8.mul': 0xfd9501, 'i16x8.min_s': 0xfd9601, 'i16x8.min_u': 0xfd9701, 'i16x8.max_s': 0xfd9801, 'i16x8.max_u': 0xfd9901, 'i16x8.avgr_u': 0xfd9b01,
  'i32x4.abs': 0xfda001, 'i32x4.bitmask': 0xfda401,
  'i32x4.extend_low_i16x8_s': 0xfda701, 'i32x4.extend_high_i16x8_s': 0xfda801, 'i32x4.extend_low_i16x8_u': 0xfda901, 'i32x4.extend_high_i16x8_u': 0xfdaa01,
  'i32x4.shl': 0xfdab01, 'i32x4.shr_s': 0xfdac01, 'i32x4.shr_u': 0xfdad01, 'i32x4.add': 0xfdae01, 'i32x4.sub': 0xfdb101, 'i32x4.mul': 0xfdb501,
  'i32x4.min_s': 0xfdb601, 'i32x4.min_u': 0xfdb701, 'i32x4.max_s': 0xfdb801, 'i32x4.max_u': 0xfdb901, 'i32x4.dot_i16x8_s': 0xfdba01,
  'i32x4.extmul_low_i16x8_s': 0xfdbc01, 'i32x4.extmul_high_i16x8_s': 0xfdbd01, 'i32x4.extmul_low_i16x8_u': 0xfdbe01, 'i32x4.extmul_high_i16x8_u': 0xfdbf01,
  'i64x2.bitmask': 0xfdc401, 'i64x2.extend_low_i32x4_s': 0xfdc701, 'i64x2.extend_high_i32x4_s': 0xfdc801, 'i64x2.extend_low_i32x4_u': 0xfdc901, 'i64x2.extend_high_i32x4_u': 0xfdca01,
  'i64x2.shl': 0xfdcb01, 'i64x2.shr_s': 0xfdcc01, 'i64x2.shr_u': 0xfdcd01, 'i64x2.add': 0xfdce01, 'i64x2.sub': 0xfdd101, 'i64x2.mul': 0xfdd501,
  'i64x2.eq': 0xfdd601, 'i64x2.gt_s': 0xfdd901, 'i64x2.extmul_low_i32x4_s': 0xfddc01, 'i64x2.extmul_high_i32x4_s': 0xfddd01, 'i64x2.extmul_low_i32x4_u': 0xfdde01, 'i64x2.extmul_high_i32x4_u': 0xfddf01,
  'f32x4.add': 0xfde401, 'f32x4.sub': 0xfde501, 'f32x4.mul': 0xfde601, 'f32x4.div': 0xfde701, 'f32x4.sqrt': 0xfde301,
  'f64x2.add': 0xfdf001, 'f64x2.sub': 0xfdf101, 'f64x2.mul': 0xfdf201, 'f64x2.div': 0xfdf301, 'f64x2.sqrt': 0xfdef01,
} as const
/** An instruction without immediates. */
export type PlainOp = keyof typeof plainOps

/** Lane accesses: they take one lane index. Source: WebAssembly Core 5.4.8. */
export const laneOps = {
  'i8x16.extract_lane_u': 0xfd16, 'i8x16.replace_lane': 0xfd17, 'i16x8.extract_lane_u': 0xfd19, 'i16x8.replace_lane': 0xfd1a,
  'i32x4.extract_lane': 0xfd1b, 'i32x4.replace_lane': 0xfd1c, 'i64x2.extract_lane': 0xfd1d, 'i64x2.replace_lane': 0xfd1e,
  'f32x4.extract_lane': 0xfd1f, 'f32x4.replace_lane': 0xfd20, 'f64x2.extract_lane': 0xfd21, 'f64x2.replace_lane': 0xfd22,
} as const
/** An instruction that takes a lane index. */
export type LaneOp = keyof typeof laneOps

/** `i8x16.shuffle`, which takes sixteen indices, and constants. Source: WebAssembly Core 5.4.8. */
export const vectorOps = { 'v128.const': 0xfd0c, 'i8x16.shuffle': 0xfd0d } as const

/** Bulk memory, with the indices of the memories that they work on. Source: WebAssembly Core 5.4.6. */
export const bulkOps = { 'memory.copy': [0xfc, 0x0a, 0, 0], 'memory.fill': [0xfc, 0x0b, 0] } as const
