import { constant, far, fixed, gathered, immediate, is4, memory, moffs, nibble, opcodeField, reg, relative, rm, rmRegister, vvvv, withSib } from './operand-place.ts'

/**
 * Operand codes, by the manual's key. Source: SDM 2D Appendix A.2. Addressing method, then size. A code with a slash is a register of one size
 * or memory of another. Additions of ours: `Z` is the register in the opcode's low bits, `Ibs` a byte sign-extended to
 * the operand size; `Ud` to `Usd` and `Wd` to `Wsd` say how much of the register takes part, as `x2`, `x4` and `x8` do, a half, a quarter and an
 * eighth of a vector. `Ka`, `Kb`, `Kc` are the opmask registers in ModRM.reg, VEX.vvvv and ModRM.r/m, `Ta` to `Tc` tiles
 * likewise, `KM` and `BNDM` registers or memory; in brackets is how wide a vector is that indexes memory; `aAX` and `Ga` are as wide as an address.
 */
export const operandCodes = () => ({
  // general registers: ModRM.r/m, ModRM.reg, VEX.vvvv, opcode
  Eb: rm('gpr', 8),  Ew: rm('gpr', 16),  Ed: rm('gpr', 32),  Eq: rm('gpr', 64),  Ev: rm('gpr', 'v'),  Ey: rm('gpr', 'y'),  Ez: rm('gpr', 'z'),
  Gb: reg('gpr', 8), Gw: reg('gpr', 16), Gd: reg('gpr', 32), Gq: reg('gpr', 64), Gv: reg('gpr', 'v'), Gy: reg('gpr', 'y'),
  Rv: rmRegister('gpr', 'v'), Ry: rmRegister('gpr', 'y'), Rd: rmRegister('gpr', 32), Rq: rmRegister('gpr', 64), By: vvvv('gpr', 'y'), Bb: vvvv('gpr', 8), Bd: vvvv('gpr', 32), Bv: vvvv('gpr', 'v'), Bq: vvvv('gpr', 64), Zb: opcodeField('gpr', 8), Zv: opcodeField('gpr', 'v'),
  'Rd/Mb': rm('gpr', 32, 8), 'Rd/Mw': rm('gpr', 32, 16), 'Rv/Mw': rm('gpr', 'v', 16),
  AL: fixed('gpr', 0, 8), AX: fixed('gpr', 0, 16), eAX: fixed('gpr', 0, 'z'), rAX: fixed('gpr', 0, 'v'), CL: fixed('gpr', 1, 8), DX: fixed('gpr', 2, 16),

  // memory alone: of no size (M), tables' pseudo-descriptors (Ms), far pointers (Mp, sized by the offset), bounds (Ma, by one of them)
  M:  memory(0),  Mb: memory(8),  Mw:  memory(16),  Md: memory(32),  Mq:  memory(64),  Mt:  memory(80),  Mdq: memory(128), Mv: memory('v'), My: memory('y'),
  Mqq: memory(256), Mx: memory('x'), M384: memory(384), M512: memory(512), Msib: withSib(0),
  'Md[x]': gathered(32, 'x'), 'Mq[x]': gathered(64, 'x'), 'Mq[x2]': gathered(64, 'x2'),
  Ms: memory(0),  Mp: memory('v'), Ma: memory('v'), Mss: memory(32), Msd: memory(64), Mps: memory(128), Mpd: memory(128),
  Ob: moffs(8),   Ov: moffs('v'),

  // as wide as an address
  Ga: reg('gpr', 'a'), Ra: rmRegister('gpr', 'a'), aAX: fixed('gpr', 0, 'a'), ECX: fixed('gpr', 1, 32),

  // other register files
  Sw: reg('segment', 16), Cy: reg('control', 'y'), Dy: reg('debug', 'y'),
  ES: fixed('segment', 0, 16), CS: fixed('segment', 1, 16), SS: fixed('segment', 2, 16), DS: fixed('segment', 3, 16), FS: fixed('segment', 4, 16), GS: fixed('segment', 5, 16),
  'ST(0)': fixed('x87', 0, 80), 'ST(i)': rmRegister('x87', 80),
  Pd: reg('mmx', 32), Pq: reg('mmx', 64), Qd: rm('mmx', 32), Qq: rm('mmx', 64), Nq: rmRegister('mmx', 64),
  Ka: reg('opmask', 64), Kb: vvvv('opmask', 64), Kc: rmRegister('opmask', 64), KMb: rm('opmask', 64, 8), KMw: rm('opmask', 64, 16), KMd: rm('opmask', 64, 32), KMq: rm('opmask', 64, 64),
  Ta: reg('tile', 8192), Tb: vvvv('tile', 8192), Tc: rmRegister('tile', 8192), BSR0: fixed('blockScale', 0, 1024), BNDa: reg('bound', 128), BNDMq: rm('bound', 128, 64), BNDMdq: rm('bound', 128, 128),

  // XMM registers
  Vd: reg('xmm', 32), Vq: reg('xmm', 64), Vdq: reg('xmm', 128), Vss: reg('xmm', 32), Vsd: reg('xmm', 64), Vps: reg('xmm', 128), Vpd: reg('xmm', 128),
  Ww: rm('xmm', 16), Wd: rm('xmm', 32), Wq: rm('xmm', 64), Wdq: rm('xmm', 128), Wss: rm('xmm', 32), Wsd: rm('xmm', 64), Wps: rm('xmm', 128), Wpd: rm('xmm', 128),
  Uq: rmRegister('xmm', 64), Udq: rmRegister('xmm', 128), Uss: rmRegister('xmm', 32), Usd: rmRegister('xmm', 64), Ups: rmRegister('xmm', 128), Upd: rmRegister('xmm', 128),
  'Udq/Md': rm('xmm', 128, 32), XMM0: fixed('xmm', 0, 128),
  Vsh: reg('xmm', 16), Wb: rm('xmm', 8), Wsh: rm('xmm', 16), Ush: rmRegister('xmm', 16), Wqq: rm('xmm', 256),
  Vx: reg('xmm', 'x'), Vx2: reg('xmm', 'x2'), Vx4: reg('xmm', 'x4'), Vqq: reg('xmm', 256),
  Hx: vvvv('xmm', 'x'), Hdq: vvvv('xmm', 128),
  Wx: rm('xmm', 'x'), Wx2: rm('xmm', 'x2'), Wx4: rm('xmm', 'x4'), Wx8: rm('xmm', 'x8'), Ux: rmRegister('xmm', 'x'),
  Lx: is4('xmm', 'x'), Ldq: is4('xmm', 128), I4: nibble(),

  // in the instruction: size encoded, size used
  Ib: immediate(8, 8), Ibs: immediate(8, 'v'), Iw: immediate(16, 16), Id: immediate(32, 32), Iz: immediate('z', 'v'), Iv: immediate('v', 'v'), '1': constant(1),
  Jb: relative(8), Jz: relative('z'), Ap: far(),
}) as const
