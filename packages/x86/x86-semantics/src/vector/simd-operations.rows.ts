/**
 * Floating-point operations on vectors, by the names that `simd` host calls use. The suffix says which lanes take part:
 * PS PD all, SS SD the lowest. A call carries the number of the operation in bits 7:0 and an immediate in bits 15:8.
 * Source: SDM 1 §10.4, §11.4, §12.3, §12.10.
 */
export const simdOperations = [
  ...['ADD', 'SUB', 'MUL', 'DIV', 'MIN', 'MAX', 'SQRT', 'CMP', 'ROUND'].flatMap((stem) => ['PS', 'PD', 'SS', 'SD'].map((form) => `${stem}${form}`)),
  'RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS', 'ADDSUBPS', 'ADDSUBPD', 'DPPS', 'DPPD', 'COMISS', 'COMISD', 'UCOMISS', 'UCOMISD',
  'CVTDQ2PS', 'CVTPS2DQ', 'CVTTPS2DQ', 'CVTDQ2PD', 'CVTPD2DQ', 'CVTTPD2DQ', 'CVTPS2PD', 'CVTPD2PS', 'CVTSS2SD', 'CVTSD2SS',
  'CVTSI2SS32', 'CVTSI2SS64', 'CVTSI2SD32', 'CVTSI2SD64',
  'CVTPH2PS', 'CVTPS2PH',
  'CVTSS2SI32', 'CVTSS2SI64', 'CVTSD2SI32', 'CVTSD2SI64', 'CVTTSS2SI32', 'CVTTSS2SI64', 'CVTTSD2SI32', 'CVTTSD2SI64',
] as const

/**
 * Fused multiplications and additions, by the names that `fused` host calls use: the first factor times the second, negated after FN, plus or minus the third;
 * ADDSUB subtracts in even lanes. The suffix is as above. Source: SDM 1 §14.5.
 */
export const fusedOperations = [
  ...['FMADD', 'FMSUB', 'FNMADD', 'FNMSUB'].flatMap((stem) => ['PS', 'PD', 'SS', 'SD'].map((form) => `${stem}${form}`)),
  ...['FMADDSUB', 'FMSUBADD'].flatMap((stem) => ['PS', 'PD'].map((form) => `${stem}${form}`)),
] as const
