import { type Source, sdm } from '@vmm/source'
import type { Feature } from './all.ts'

/** A state component of the XSAVE area. */
export interface XsaveComponent {
  readonly name: string
  /** Its bit in XCR0, or in IA32_XSS for supervisor components. */
  readonly bit: number
  /** Bytes. */
  readonly size: number
  /** Where it is in the standard format, in bytes; 0 for supervisor components, which are never there. */
  readonly offset: number
  readonly kind: 'user' | 'supervisor'
  /** On a 64-byte boundary in the compacted format. */
  readonly aligned: 'aligned' | 'packed'
  /** The feature whose state it is. */
  readonly needs: Feature
  readonly source: Source
}

const row = (name: string, bit: number, size: number, offset: number, kind: XsaveComponent['kind'], aligned: XsaveComponent['aligned'], needs: Feature, section: string): XsaveComponent =>
  ({ name, bit, size, offset, kind, aligned, needs, source: sdm('1', section, 'XSAVE state components') })

/**
 * In the order of their bits. Components 0 and 1 are the legacy region. Offsets are those every Intel CPU enumerates,
 * whatever subset it has.
 */
export const xsaveComponents: readonly XsaveComponent[] = [
  //   name          bit  size  offset  kind          aligned    needs        section
  row('x87',           0,  160,      0, 'user',       'packed',  'FPU',       '13.5.1'),
  row('SSE',           1,  256,    160, 'user',       'packed',  'SSE',       '13.5.2'),
  row('AVX',           2,  256,    576, 'user',       'packed',  'AVX',       '13.5.3'),
  row('BNDREGS',       3,   64,    960, 'user',       'packed',  'MPX',       '13.5.4'),
  row('BNDCSR',        4,   64,   1024, 'user',       'packed',  'MPX',       '13.5.4'),
  row('opmask',        5,   64,   1088, 'user',       'packed',  'AVX512F',   '13.5.5'),
  row('ZMM_Hi256',     6,  512,   1152, 'user',       'packed',  'AVX512F',   '13.5.5'),
  row('Hi16_ZMM',      7, 1024,   1664, 'user',       'packed',  'AVX512F',   '13.5.5'),
  row('PT',            8,  128,      0, 'supervisor', 'packed',  'INTEL_PT',  '13.5.6'),
  row('PKRU',          9,    8,   2688, 'user',       'packed',  'PKU',       '13.5.7'),
  row('PASID',        10,    8,      0, 'supervisor', 'packed',  'ENQCMD',    '13.5.8'),
  row('CET_U',        11,   16,      0, 'supervisor', 'packed',  'CET_SS',    '13.5.9'),
  row('CET_S',        12,   24,      0, 'supervisor', 'packed',  'CET_SS',    '13.5.9'),
  row('HDC',          13,    8,      0, 'supervisor', 'packed',  'HDC',       '13.5.10'),
  row('UINTR',        14,   48,      0, 'supervisor', 'packed',  'UINTR',     '13.5.11'),
  row('LBR',          15,  808,      0, 'supervisor', 'packed',  'ARCH_LBR',  '13.5.12'),
  row('HWP',          16,    8,      0, 'supervisor', 'packed',  'HWP',       '13.5.13'),
  row('TILECFG',      17,   64,   2752, 'user',       'packed',  'AMX_TILE',  '13.5.14'),
  row('TILEDATA',     18, 8192,   2816, 'user',       'aligned', 'AMX_TILE',  '13.5.14'),
]
