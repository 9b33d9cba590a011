import { kernelSource, type Source } from '@vmm/source'

/** One word of the guest's CPUID that Hyper-V's rights are bits of. */
export type HyperVWord = 'featuresEbx' | 'featuresEdx' | 'recommendationsEax' | 'recommendationsEbx'

/** One hypercall of Hyper-V that KVM knows. */
export interface HyperVCallRow {
  readonly code: number
  readonly name: string
  readonly says: string
  /** Whether it repeats over a list: it then has a count, and begins at 0. */
  readonly repeats: 'over a list' | 'never' | 'unchecked'
  /** Whether a header of variable size may come before the list. */
  readonly header: 'fixed' | 'variable'
  /** Whether its arguments may come in XMM registers. */
  readonly fastInput: 'xmm' | 'registers' | 'refused'
  /** The rights it needs where the guest's CPUID is enforced: all of these bits. */
  readonly needs: readonly (readonly [HyperVWord, bit: number])[]
  readonly source: Source
}

const code = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_hv_hypercall', '6.12.117')

const flush = ['recommendationsEax', 2] as const
const ipi   = ['recommendationsEax', 10] as const
const sets  = ['recommendationsEax', 11] as const

const row = <const Name extends string>(number: number, name: Name, says: string, repeats: HyperVCallRow['repeats'], header: HyperVCallRow['header'], fastInput: HyperVCallRow['fastInput'], needs: HyperVCallRow['needs']) =>
  ({ code: number, name, says, repeats, header, fastInput, needs, source: code })

/** The hypercalls of Hyper-V that KVM answers or passes on, by code. The extended ones are `isExtendedHyperVCall`. */
export const hyperVCalls = [
  row(0x0002, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE',    'Flushes address spaces on up to 64 processors',           'never',       'fixed',    'xmm',       [flush]),
  row(0x0003, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST',     'Flushes a list of pages on up to 64 processors',          'over a list', 'fixed',    'xmm',       [flush]),
  row(0x0008, 'HVCALL_NOTIFY_LONG_SPIN_WAIT',          'Says that a lock is waited for',                          'never',       'fixed',    'registers', []),
  row(0x000b, 'HVCALL_SEND_IPI',                       'Sends one IPI to up to 64 processors',                    'never',       'fixed',    'registers', [ipi]),
  row(0x0013, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX', 'Flushes address spaces on any set of processors',         'never',       'variable', 'xmm',       [sets, flush]),
  row(0x0014, 'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX',  'Flushes a list of pages on any set of processors',        'over a list', 'variable', 'xmm',       [sets, flush]),
  row(0x0015, 'HVCALL_SEND_IPI_EX',                    'Sends one IPI to any set of processors',                  'never',       'variable', 'xmm',       [sets, ipi]),
  row(0x005c, 'HVCALL_POST_MESSAGE',                   'Sends a message to a connection',                         'never',       'fixed',    'registers', [['featuresEbx', 4]]),
  row(0x005d, 'HVCALL_SIGNAL_EVENT',                   'Signals an event on a connection',                        'never',       'fixed',    'registers', [['featuresEbx', 5]]),
  row(0x0069, 'HVCALL_POST_DEBUG_DATA',                'Sends to the debugger',                                   'unchecked',   'variable', 'refused',   []),
  row(0x006a, 'HVCALL_RETRIEVE_DEBUG_DATA',            'Receives from the debugger',                              'unchecked',   'variable', 'refused',   []),
  row(0x006b, 'HVCALL_RESET_DEBUG_SESSION',            'Begins a debugging conversation anew',                    'unchecked',   'variable', 'registers', []),
] as const satisfies readonly HyperVCallRow[]

/** The name of a hypercall of Hyper-V. */
export type HyperVCallName = (typeof hyperVCalls)[number]['name']
