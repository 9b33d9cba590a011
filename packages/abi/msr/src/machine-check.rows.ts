import { bit, bits } from '@vmm/bits'
import { kernelSource, sdm } from '@vmm/source'
import { type Msr, type MsrGuest, msr } from './msr.ts'

const global = sdm('3B', '17.3.1', 'Machine-Check Global Control MSRs')
const bank = sdm('3B', '17.3.2', 'Error-Reporting Register Banks')
const kvm = kernelSource('arch/x86/kvm/x86.c', 'set_msr_mce', '6.1')

const mcgCap = 0x179
const hwcr = 0xc001_0015
const featureControl = 0x3a
const allOnes = (1n << 64n) - 1n

/** The most banks any index is set aside for. Source: KVM_MAX_MCE_BANKS. */
const mostBanks = 32

const banksOf = ({ peek }: MsrGuest) => Number(peek(mcgCap) & 0xffn)
const cmciOf = ({ peek }: MsrGuest) => ((peek(mcgCap) >> 10n) & 1n) === 1n

function bankMsrs(at: number): readonly Msr[] {
  const exists = (guest: MsrGuest) => guest.has('MCA') && at < banksOf(guest)
  const index = 0x400 + 4 * at
  return [
    msr(index, `IA32_MC${at}_CTL`, bank, 'plain', {
      exists,
      rules: [
        {
          says: `IA32_MC${at}_CTL is all zeros or all ones, but for bits 0 and 10`,
          source: kvm,
          binds: 'guest and host',
          refuses: ({ after }) => after !== 0n && (after | 0x401n) !== allOnes,
        },
      ],
    }),
    msr(index + 1, `IA32_MC${at}_STATUS`, bank, 'plain', {
      exists,
      rules: [
        {
          says: `IA32_MC${at}_STATUS takes only 0`,
          source: bank,
          binds: 'guest',
          refuses: ({ after, guest }) => after !== 0n && !mayWriteStatus(guest),
        },
      ],
    }),
    msr(index + 2, `IA32_MC${at}_ADDR`, bank, 'plain', { exists }),
    msr(index + 3, `IA32_MC${at}_MISC`, bank, 'plain', { exists }),
  ]
}

/** AMD lets software write a status when HWCR.McStatusWrEn. */
const mayWriteStatus = (guest: MsrGuest) => guest.vendor === 'amd' && ((guest.peek(hwcr) >> 18n) & 1n) === 1n

function ctl2(at: number): Msr {
  return msr(0x280 + at, `IA32_MC${at}_CTL2`, bank, 'plain', {
    exists: (guest) => guest.has('MCA') && at < banksOf(guest) && cmciOf(guest),
    fields: { THRESHOLD: bits(14, 0, 'Corrected error count threshold'), CMCI_EN: bit(30, 'Corrected machine-check interrupt enable') },
  })
}

const bankNumbers = Array.from({ length: mostBanks }, (_, at) => at)

export const machineCheckMsrs = [
  msr(0x179, 'IA32_MCG_CAP', global, 'plain', {
    needs: ['MCA'],
    access: 'constant',
    reset: 0x100_010an,
    fields: {
      COUNT:    bits( 7,  0, 'Error-reporting banks'),
      CTL_P:    bit ( 8,     'IA32_MCG_CTL'),
      EXT_P:    bit ( 9,     'Extended state registers'),
      CMCI_P:   bit (10,     'Corrected machine-check interrupts'),
      TES_P:    bit (11,     'Threshold-based error status'),
      EXT_CNT:  bits(23, 16, 'Extended state registers'),
      SER_P:    bit (24,     'Software error recovery'),
      EMC_P:    bit (25,     'Enhanced machine check'),
      ELOG_P:   bit (26,     'Extended error logging'),
      LMCE_P:   bit (27,     'Local machine checks'),
    },
  }),
  msr(0x17a, 'IA32_MCG_STATUS', global, 'plain', { needs: ['MCA'] }),
  msr(0x17b, 'IA32_MCG_CTL', global, 'plain', {
    reset: allOnes,
    exists: ({ has, peek }) => has('MCA') && ((peek(mcgCap) >> 8n) & 1n) === 1n,
    rules: [
      {
        says: 'IA32_MCG_CTL is all zeros or all ones',
        source: kvm,
        binds: 'guest and host',
        refuses: ({ after }) => after !== 0n && after !== allOnes,
      },
    ],
  }),
  ...bankNumbers.map(ctl2),
  ...bankNumbers.flatMap(bankMsrs),
  msr(0x4d0, 'IA32_MCG_EXT_CTL', global, 'plain', {
    vendor: 'intel',
    exists: ({ peek }) => ((peek(featureControl) >> 20n) & 1n) === 1n,
    fields: { LMCE_EN: bit(0, 'Machine checks are delivered to one logical processor where possible') },
  }),
]
