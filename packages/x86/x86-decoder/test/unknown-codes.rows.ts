/**
 * Opcode forms of the judge's tables that no row has, or that it is not asked for, and why. Names are its own; what begins so is meant.
 * Source: the `Code` enumeration of iced-x86 1.21.
 */
export const unknownCodes: readonly (readonly [why: string, ...begins: string[]])[] = [
  ['no instruction',                                         'INVALID', 'DeclareByte', 'DeclareWord', 'DeclareDword', 'DeclareQword', 'Zero_bytes'],
  ['WAIT and another instruction',                           'Fstenv_', 'Fstcw_', 'Feni', 'Fdisi', 'Fclex', 'Finit', 'Fsetpm', 'Frstpm', 'Fsave_', 'Fstsw_', 'Fstdw_', 'Fstsg_'],
  ['Knights Corner',                                         'VEX_KNC_', 'MVEX_'],
  ['8086, 286, 386 and 486 of the first steppings',          'Popw_CS', 'Storeall', 'Loadall', 'Cl1invmb', 'Umov_', 'Mov_r32_tr', 'Mov_tr_r32', 'Xbts_', 'Ibts_', 'Cmpxchg486_', 'Frstpm', 'Fnstdw_', 'Fnstsg_'],
  ['UD0 without ModRM, of old processors',                   'Ud0'],
  ['Itanium',                                                'Jmpe_'],
  ['Cyrix and Geode',                                        'Rdshr_', 'Wrshr_', 'Smint', 'Dmint', 'Rdm', 'Svdc_', 'Rsdc_', 'Svldt_', 'Rsldt_', 'Svts_', 'Rsts_', 'Bb0_', 'Bb1_', 'Cpu_write', 'Cpu_read', 'Cyrix_', 'Ftstp', 'Frint2', 'Frichop', 'Frinear', 'D3NOW_Pfrcpv_', 'D3NOW_Pfrsqrtv_'],
  ['extended MMX of Cyrix',                                  'Paveb_', 'Paddsiw_', 'Pmagw_', 'Pdistib_', 'Psubsiw_', 'Pmvzb_', 'Pmulhrw_mm', 'Pmvnzb_', 'Pmvlzb_', 'Pmvgezb_', 'Pmulhriw_', 'Pmachriw_'],
  ['VIA, not in the Padlock guide',                          'Altinst', 'Via_undoc_', 'Xsha512_', 'Xstore_alt_', 'Ccs_', 'Montmul_16', 'Montmul_64'],
  ['never in a product',                                     'Pcommit', 'Rdudbg', 'Wrudbg'],
  ['66H shortens branches of 64-bit code on AMD’s alone',    'Loopne_rel8_16_RCX', 'Loope_rel8_16_RCX', 'Loop_rel8_16_RCX', 'Jrcxz_rel8_16'],
  ['a NOP here, or #UD: see where differences are settled',  'Reservednop_rm16_r16_0F0D', 'Reservednop_rm32_r32_0F0D', 'Reservednop_rm64_r64_0F0D', 'Prefetchreserved'],
  ['VMMCALL where memory is not encrypted',                  'Vmgexit'],
]
