import { type OpcodeRow, placeOf } from './row.ts'

/** What an instruction does to an explicit operand. `none`: it is named or addressed, but neither read nor written. */
export type Access = 'read' | 'write' | 'read-write' | 'none'

/** Words, taken apart when one is first looked for. */
function words(text: string): Pick<ReadonlySet<string>, 'has'> {
  let all: ReadonlySet<string> | undefined
  return {
    has(word) {
      all ??= new Set(text.trim().split(/\s+/))
      return all.has(word)
    },
  }
}

/** Instructions that write no explicit operand: they read all of them. */
const readers = words(`
  CMP TEST BT PUSH JMP CALL CALLF JMPF MUL DIV IDIV BOUND OUT INT RET RETF ENTER AAM AAD LLDT LTR VERR VERW LMSW LGDT LIDT INVPCID INVEPT INVVPID VMWRITE VMPTRLD VMCLEAR VMXON
  FXRSTOR XRSTOR XRSTORS LDMXCSR WRFSBASE WRGSBASE COMISS COMISD UCOMISS UCOMISD PTEST PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM
  CCMP CTEST PUSHP PUSH2 PUSH2P VMRUN VMLOAD VMSAVE INVLPGA RSTORSSP LKGS SENDUIPI PTWRITE INCSSPD INCSSPQ UMWAIT TPAUSE UMONITOR XABORT HRESET LOADIWKEY
  AESENCWIDE128KL AESDECWIDE128KL AESENCWIDE256KL AESDECWIDE256KL UWRMSR MASKMOVQ MASKMOVDQU FLD FILD FBLD FLDCW FLDENV FRSTOR FCOM FCOMP FUCOM FUCOMP FICOM FICOMP FCOMI FCOMIP FUCOMI FUCOMIP`)

/**
 * Instructions whose first operand is written without being read; it may be only the part of a register that its code
 * names. Those that may leave it as it was (BSF, LAR, CMOVcc) and XSAVE, which keeps part of the header, are not here.
 */
const writers = words(`
  POPP IMULZU MOV MOVRS RDMSR MOVZX MOVSX MOVSXD MOVBE MOVNTI LEA POP IN LDS LES LSS LFS LGS LZCNT TZCNT POPCNT RDRAND RDSEED RDPID
  RDFSBASE RDGSBASE VMREAD VMPTRST SLDT STR SMSW SGDT SIDT STMXCSR FXSAVE XSAVEC XSAVES   ANDN BEXTR BZHI PDEP PEXT RORX SARX SHLX SHRX BLSR BLSMSK BLSI
  FST FSTP FSTPNCE FIST FISTP FISTTP FBSTP FNSTCW FNSTENV FNSAVE FNSTSW
  MOVUPS MOVUPD MOVAPS MOVAPD MOVSS MOVSD MOVHLPS MOVLPS MOVLPD MOVSLDUP MOVSHDUP MOVDDUP MOVNTPS MOVNTPD MOVD MOVQ MOVDQA MOVDQU
  MOVQ2DQ MOVDQ2Q MOVNTQ MOVNTDQ MOVNTDQA LDDQU MOVMSKPS MOVMSKPD PMOVMSKB PEXTRB PEXTRW PEXTRD PEXTRQ EXTRACTPS
  SQRTPS SQRTPD SQRTSS SQRTSD RSQRTPS RSQRTSS RCPPS RCPSS ROUNDPS ROUNDPD ROUNDSS ROUNDSD PSHUFW PSHUFD PSHUFHW PSHUFLW
  RDSSPD RDSSPQ URDMSR MOVDIRI WRSSD WRSSQ WRUSSD WRUSSQ ENCODEKEY128 ENCODEKEY256 AESIMC AESKEYGENASSIST BNDMOV
  MOVNTSS MOVNTSD PF2ID PF2IW PI2FD PI2FW PFRCP PFRSQRT PSWAPD PABSB PABSW PABSD PHMINPOSUW PMOVSXBW PMOVSXBD PMOVSXBQ PMOVSXWD PMOVSXWQ PMOVSXDQ PMOVZXBW PMOVZXBD PMOVZXBQ PMOVZXWD PMOVZXWQ PMOVZXDQ`)

/** Instructions that neither read nor write what they name. */
const bystanders = words(`
  NOP UD0 UD1 PREFETCH PREFETCHRST2 PREFETCHWT1 PREFETCHIT0 PREFETCHIT1 CLDEMOTE PREFETCHW PREFETCHNTA PREFETCHT0 PREFETCHT1 PREFETCHT2 CLFLUSH CLFLUSHOPT CLWB INVLPG FFREE FFREEP`)

/** Of VEX, EVEX and XOP instructions: those that read what they write. All others write the first operand alone, if they are no readers. */
const accumulators =
  /^(?:VFN?M(?:ADD|SUB)(?:ADD|SUB)?(?:132|213|231)|VFC?MADDC|VPDP|VP4DP|V4FN?MADD|VDPBF16|VDPPH|VBMAC|VPERM[IT]2|VPTERNLOG|VFIXUPIMM|VPMADD52|VPSH[LR]DV|TT?DP|TOP[24]|TT?CMM|TT?MMUL|TCONJTCMM|VSHA512|VSM3|VP?GATHER[DQ]|CMP.*XADD)/

/** Those that write nothing they name. */
const vectorReaders =
  /^(?:VPTEST$|VTESTP|VU?COM[IX]S|KO?R?TEST|VLDMXCSR|LDTILECFG|VMASKMOVDQU|VPCMP[EI]STR|UWRMSR|LWP(?:INS|VAL)|LLWPCB)/

/** A row or a column of a tile, or half of the block scale register: the rest stays. */
const writesPart = ([first, second, third]: OpcodeRow['operands']): boolean =>
  (first === 'Ta' && second === 'Ux' && third !== 'Hx') || (first === 'BSR0' && second === 'Wx')

function accessOfVectors({ mnemonic, operands }: OpcodeRow): readonly Access[] {
  if (/^V(?:GATHER|SCATTER)PF/.test(mnemonic)) return ['none']
  const first =
    accumulators.test(mnemonic) || writesPart(operands) ? 'read-write' : vectorReaders.test(mnemonic) ? 'read' : 'write'
  // AVX2's gathers clear their mask, and CMPccXADD gives back what was in memory
  const clearsThird = /^VP?GATHER/.test(mnemonic) && operands.length === 3
  return operands.map((_, at) => {
    if (at === 0) return first
    const written = (at === 2 && clearsThird) || (at === 1 && mnemonic.endsWith('XADD'))
    return written ? 'read-write' : 'read'
  })
}

/** Of VEX, but in the lists. */
const generals: ReadonlySet<string> = new Set([
  'MULX',
  'ANDN',
  'BEXTR',
  'BZHI',
  'PDEP',
  'PEXT',
  'RORX',
  'SARX',
  'SHLX',
  'SHRX',
  'BLSR',
  'BLSMSK',
  'BLSI',
])

const others: Readonly<Record<string, readonly Access[]>> = {
  LEA: ['write', 'none'],
  XCHG: ['read-write', 'read-write'],
  XADD: ['read-write', 'read-write'],
  MULX: ['write', 'write', 'read'],
  ENQCMD: ['read', 'read'],
  ENQCMDS: ['read', 'read'],
  MOVDIR64B: ['read', 'read'],
  BNDSTX: ['none', 'read'],
  BNDLDX: ['write', 'none'],
  BNDMK: ['write', 'none'],
  BNDCL: ['read', 'read'],
  BNDCU: ['read', 'read'],
  BNDCN: ['read', 'read'],
}

/** Behind VEX or EVEX what is in the lists: of map 4 all. */
const isGeneral = ({ mnemonic, opcode }: OpcodeRow): boolean =>
  generals.has(mnemonic) || opcode.includes('MAP4') || /^E?VEX.*MAP7.* F6 /.test(opcode)

/** A new destination is written without being read; PUSH2 has none. */
const writtenAlone = ({ mnemonic }: OpcodeRow): Access => (mnemonic.startsWith('PUSH2') ? 'read' : 'write')

/**
 * What the row's instruction does to each operand. Stated where it is not the rule, which is: the first operand is read
 * and written, the others are read.
 */
export function accessOf(row: OpcodeRow): readonly Access[] {
  const stated = others[row.mnemonic]
  if (stated !== undefined) return stated
  if (/^(?:E?VEX|XOP)/.test(row.opcode) && !isGeneral(row)) return accessOfVectors(row)
  const first = row.attributes.includes('nd') && row.operands[0]![0] === 'B' ? writtenAlone(row) : accessOfFirst(row)
  if (row.mnemonic.startsWith('POP2')) return ['write', 'write']
  return row.operands.map((_, at) => (at === 0 ? first : first === 'none' ? 'none' : 'read'))
}

function accessOfFirst({ mnemonic, operands }: OpcodeRow): Access {
  if (bystanders.has(mnemonic)) return 'none'
  if (writers.has(mnemonic) || mnemonic.startsWith('CVT') || mnemonic.startsWith('SET')) return 'write'
  if (readers.has(mnemonic)) return 'read'
  const first = operands[0] === undefined ? undefined : placeOf(operands[0])
  if (first?.place === 'relative' || first?.place === 'immediate') return 'read'
  if (mnemonic === 'IMUL') return operands.length === 1 ? 'read' : operands.length === 2 ? 'read-write' : 'write'
  // MOVHPS and MOVHPD store a half, but replace only half of what they load into
  if (mnemonic.startsWith('MOVHP')) return operands[0] === 'Mq' ? 'write' : 'read-write'
  // x87 arithmetic with memory works on ST(0), which is not named
  return mnemonic.startsWith('F') && operands.length === 1 && operands[0]!.startsWith('M') ? 'read' : 'read-write'
}
