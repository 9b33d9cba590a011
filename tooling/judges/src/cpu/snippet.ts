/*
 * One instruction with everything that it can see, and what became of it. Both sides of the judge speak in these: the real
 * CPU through the records below, our engine through its state.
 */

/**
 * Where the instruction and its data are, in every address space that runs it: no branch of 64-bit code reaches anything but
 * the code, and hardly one of 32-bit code.
 */
export const place = { code: 0x40_0000_0000, code32: 0x5000_0000, data: 0x1001_0000, dataBytes: 1024 } as const
/** What FS and GS add to addresses in 64-bit code: to what an offset is aligned, its linear address is not. */
export const bases = { FS: 8, GS: 5 } as const
/** The data is in the middle of a page, so that what misses it a little still hits memory. */
export const dataOffset = 0x700

/** Everything that an instruction of a program can see. */
export interface Snippet {
  /** Up to fifteen bytes. */
  readonly code: Uint8Array
  /** 32: in compatibility mode. 64 unless told. */
  readonly codeSize?: 32 | 64
  /** Sixteen, in the order of the encoding. */
  readonly gprs: BigUint64Array
  readonly rflags: bigint
  /** x87, MXCSR and XMM as FXSAVE64 has them: 512 bytes. */
  readonly fx: Uint8Array
  /** The upper halves of the YMM registers: 256 bytes, zeros unless told. */
  readonly upper?: Uint8Array
  /** `dataBytes` at `data + dataOffset`. */
  readonly data: Uint8Array
  /** Rights of protection keys; those that Linux gives a program unless told. */
  readonly pkru?: number
}

/** What PKRU is in a program that has not asked for keys. Source: Linux, arch/x86/mm/pkeys.c, init_pkru_value. */
export const usualPkru = 0x5555_5554

/** Segment registers, in the order of the encoding. */
export const segments = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'] as const
export const numberOfCs = 1

/** Where the code of a snippet is. */
export const startOf = ({ codeSize }: Snippet): number => (codeSize === 32 ? place.code32 : place.code)

/** The same afterwards, and how it ended. */
export interface Outcome extends Omit<Snippet, 'code' | 'codeSize' | 'upper' | 'pkru'> {
  readonly upper: Uint8Array
  /** Selectors, by number. That of CS is told only where there was an exception. */
  readonly segments: Uint16Array
  /** Told only where there was none, by a processor that has it. */
  readonly pkru: number
  /** Undefined: the instruction completed. Else the vector of its exception. */
  readonly vector: number | undefined
  readonly errorCode: number
  /** The faulting address, for #PF. */
  readonly address: bigint
  /** RIP after a jump or at a fault; only told where there was an exception. */
  readonly rip: bigint
}

/** Behind `fx` in both records, which is an area of XSAVE: what of it is in use, and YMM_Hi128. Source: SDM 1 §13.4. */
const area = { inUse: 512, upper: 576, upperBytes: 256 } as const
/** x87 and SSE, and AVX where it is not as it begins. */
const components = { legacy: 3n, avx: 4n } as const

/** Byte offsets in the record that goes to the child. */
export const request = {
  length: 0,
  number: 4,
  rflags: 8,
  code: 16,
  gprs: 32,
  pkru: 160,
  fx: 192,
  data: 1024,
  codeSize: 2048,
  bytes: 2056,
} as const
/** Byte offsets in the record that comes back. `cause` is 0, or the vector plus one. */
export const reply = {
  cause: 0,
  number: 4,
  errorCode: 8,
  address: 16,
  rip: 24,
  gprs: 32,
  segments: 160,
  pkru: 176,
  fx: 192,
  data: 1024,
  rflags: 2048,
  bytes: 2080,
} as const

/** Writes requests one after another. */
export function encodeRequests(snippets: readonly Snippet[]): Uint8Array {
  const all = new Uint8Array(snippets.length * request.bytes)
  const view = new DataView(all.buffer)
  snippets.forEach(({ code, codeSize, gprs, rflags, fx, upper, data, pkru }, index) => {
    const base = index * request.bytes
    view.setUint32(base + request.length, code.length, true)
    view.setUint32(base + request.number, index, true)
    view.setUint32(base + request.codeSize, codeSize ?? 64, true)
    view.setUint32(base + request.pkru, pkru ?? usualPkru, true)
    view.setBigUint64(base + request.rflags, rflags, true)
    all.set(code, base + request.code)
    all.set(new Uint8Array(gprs.buffer, gprs.byteOffset, 128), base + request.gprs)
    all.set(fx, base + request.fx)
    const avx = upper === undefined ? 0n : components.avx
    view.setBigUint64(base + request.fx + area.inUse, components.legacy | avx, true)
    if (upper !== undefined) all.set(upper, base + request.fx + area.upper)
    all.set(data, base + request.data)
  })
  return all
}

/** Reads as many replies as are whole and in order. */
export function decodeReplies(raw: Uint8Array): Outcome[] {
  const bytes = new Uint8Array(raw)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = Math.floor(bytes.length / reply.bytes)
  const numbers = Array.from({ length: whole }, (_, index) => view.getUint32(index * reply.bytes + reply.number, true))
  const wrong = numbers.findIndex((number, index) => number !== index)
  return Array.from({ length: wrong < 0 ? whole : wrong }, (_, index) => {
    const base = index * reply.bytes
    const cause = view.getUint32(base + reply.cause, true)
    const part = (offset: number, length: number) => bytes.slice(base + offset, base + offset + length)
    return {
      vector: cause === 0 ? undefined : cause - 1,
      errorCode: view.getUint32(base + reply.errorCode, true),
      address: view.getBigUint64(base + reply.address, true),
      rip: view.getBigUint64(base + reply.rip, true),
      gprs: new BigUint64Array(part(reply.gprs, 128).buffer),
      rflags: view.getBigUint64(base + reply.rflags, true),
      fx: part(reply.fx, 512),
      upper: part(reply.fx + area.upper, area.upperBytes),
      data: part(reply.data, place.dataBytes),
      segments: new Uint16Array(part(reply.segments, segments.length * 2).buffer),
      pkru: view.getUint32(base + reply.pkru, true),
    }
  })
}
