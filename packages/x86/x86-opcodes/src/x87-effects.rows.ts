/**
 * What x87 instructions do to the stack and to the condition codes C0 to C3, by the letters of flags: M modified, 0 cleared, 1 set, - undefined, . left alone.
 * `push` makes the top one less, `pop` one more; `pops` two more; `inc` and `dec` move it alone; `load` takes it from memory or makes it 0. Source: the instructions' own pages of SDM 2A.
 */
export const x87Effects: readonly (readonly [top: string, conditions: string, mnemonics: string])[] = [
  // top    C0 C1 C2 C3    mnemonics
  ['push', '-  M  -  -', 'FLD FILD FBLD FLD1 FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2 FLDZ FXTRACT'],
  ['perhaps', '-  M  M  -', 'FPTAN FSINCOS'],
  ['pop',  '-  M  -  -', 'FSTP FSTPNCE FISTP FBSTP FADDP FMULP FSUBP FSUBRP FDIVP FDIVRP FPATAN FYL2X FYL2XP1'],
  ['pop',  '-  0  -  -', 'FISTTP'],
  ['pop',  'M  0  M  M', 'FCOMP FUCOMP FICOMP'],
  ['pops', 'M  0  M  M', 'FCOMPP FUCOMPP'],
  ['pop',  '.  0  .  .', 'FCOMIP FUCOMIP'],
  ['pop',  '-  -  -  -', 'FFREEP'],
  ['inc',  '-  0  -  -', 'FINCSTP'],
  ['dec',  '-  0  -  -', 'FDECSTP'],
  ['load', '0  0  0  0', 'FNINIT FNSAVE'],
  ['load', 'M  M  M  M', 'FLDENV FRSTOR'],
  ['stay', '-  M  -  -', 'FADD FMUL FSUB FSUBR FDIV FDIVR FIADD FIMUL FISUB FISUBR FIDIV FIDIVR FST FIST FSQRT FSCALE F2XM1 FRNDINT FCMOVB FCMOVE FCMOVBE FCMOVU FCMOVNB FCMOVNE FCMOVNBE FCMOVNU'],
  ['stay', '-  0  -  -', 'FABS FCHS FXCH'],
  ['stay', 'M  0  M  M', 'FCOM FUCOM FICOM FTST'],
  ['stay', 'M  M  M  M', 'FXAM FPREM FPREM1'],
  ['stay', '-  M  M  -', 'FSIN FCOS'],
  ['stay', '.  0  .  .', 'FCOMI FUCOMI'],
  ['stay', '-  -  -  -', 'FLDCW FNSTCW FNSTENV FNSTSW FFREE FNOP FNCLEX FNENI FNDISI FNSETPM FWAIT'],
]
