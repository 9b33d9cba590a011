import { changeEntry, features, featuresOf } from '@vmm/cpuid'
import {
  featureMsrIndexList,
  listHostOf,
  type MsrDone,
  type MsrEntry,
  type MsrSurroundings,
  msrHostOf,
  msrIndexList,
  msrKernel,
} from '@vmm/msr'
import type { Profile } from '@vmm/rule'
import { mail } from '@vmm/source'
import { Machine } from './machine.ts'
import type { Scenario } from './scenario.ts'
import { host, table } from './tables.ts'

const basicVmx = 0x480
const pinControls = 0x481
const archCapabilities = 0x10a
const platformInfo = 0xce
const microcode = 0x8b
const machineCheckControl = 0x17b
const sysenter = 0x174
/** Where `immediate_exit` is in `kvm_run`. */
const immediateExit = 1
const vmx = new Map<number, bigint>([
  [basicVmx, 0xda_0400_11e5_7ed0n],
  [pinControls, 0x7f_0000_0016n],
  [0x48d, 0x7f_0000_0016n],
])

/** What KVM is asked for of VMX, as it tells it. */
const told = (index: number) => vmx.get(index) ?? 0n

/** A vCPU with all that the host has, that has run. */
function vcpuOf(kernel: Profile): MsrSurroundings {
  const about = msrHostOf(kernel, host, { vmx })
  const vcpu = {
    features: featuresOf(host.cpuid, features),
    vendor: 'intel',
    isHostModel: true,
    physicalAddressWidth: 52,
    linearAddressWidth: 48,
    paging: false,
    values: new Map([...about.featureMsrs, ...vmx, [microcode, 1n << 32n], [machineCheckControl, 0n]]),
    hasRun: true,
    l2Active: false,
    vmxOn: false,
    localApic: 'xapic',
    dynamicFeatures: 0n,
    xss: 0n,
    perfmon: { version: 2, generalCounters: 8, fixedCounters: 3 },
  } as const
  const vm = {
    enforcePvCpuid: false,
    guestReadsPlatformInfo: true,
    quirkMiscEnableNoMwait: true,
    xenMsr: 0,
    isMapped: () => true,
  }
  return { vcpu, vm, host: about, listed: () => 'emulated' }
}

/** What the vCPU holds after a write that is kept. */
function keeping(from: MsrSurroundings): (entry: MsrEntry, answer: MsrDone) => MsrSurroundings {
  let now = from
  return ({ index }, { keeps, data }) => {
    const { values } = now.vcpu
    const held = (at: number) => (at === index ? data : values.get(at))
    if (keeps) now = { ...now, vcpu: { ...now.vcpu, values: { get: held } } }
    return now
  }
}

/** How far KVM_SET_MSRS comes with entries on a vCPU that has run, and what stopped it. */
function set(kernel: Profile, entries: readonly MsrEntry[], change: Partial<MsrSurroundings['vcpu']> = {}): string {
  const before = vcpuOf(kernel)
  const around = { ...before, vcpu: { ...before.vcpu, ...change } }
  const { count, answers } = msrKernel(kernel).setMsrs(entries, around, keeping(around))
  const last = answers.at(-1)
  const at = entries[count]?.index.toString(16).toUpperCase()
  return last?.kind === 'failed'
    ? `${count} of ${entries.length}: ${at}H (\`${last.rule}\`)`
    : `${count} of ${entries.length}`
}

const one = (index: number, data: bigint, change?: Partial<MsrSurroundings['vcpu']>) => (kernel: Profile) =>
  set(kernel, [{ index, data }], change)

/** Everything that a user space saves, as it reads it of the vCPU. */
function saved(kernel: Profile): readonly MsrEntry[] {
  const lists = listHostOf(kernel, host, { vmx })
  const indexes = [...msrIndexList(kernel, lists).indexes, ...featureMsrIndexList(kernel, lists).indexes]
  const around = vcpuOf(kernel)
  const msrs = msrKernel(kernel)
  return [...new Set(indexes)].flatMap((index) => {
    const { count, entries } = msrs.getMsrs([{ index, data: 0n }], around)
    return count === 1 ? entries : []
  })
}

/** What of it a vCPU takes before its first run. */
function settable(kernel: Profile): readonly MsrEntry[] {
  return saved(kernel).filter((entry) => set(kernel, [entry], before).startsWith('1 of 1'))
}

const before = { hasRun: false }
const restoredL2 = { hasRun: false, l2Active: true }
const inVmx = { vmxOn: true }
const otherBasic = told(basicVmx) & ~(1n << 54n)

/** Another value after a KVM_RUN that comes back before it enters the guest, and after one that enters it. */
function onceEntered(kernel: Profile): string {
  const machine = new Machine(kernel, host)
  const { vcpu } = machine
  machine.set(changeEntry(table, 7, 0, () => ({ edx: 1 << 29 })))
  const asked = (value: bigint) => (vcpu.setMsr(archCapabilities, value) === undefined ? '0 of 1' : '1 of 1')
  vcpu.page.bytes[immediateExit] = 1
  vcpu.run()
  const early = asked(1n)
  vcpu.page.bytes[immediateExit] = 0
  vcpu.run()
  return `${early}; once it is entered ${asked(0n)}`
}

/** The saved registers, with one of them as another model has it. */
const withOther = (entries: readonly MsrEntry[], index: number, data: bigint) =>
  entries.map((entry) => (entry.index === index ? { index, data } : entry))

/** The RFC of August 2022 on feature MSRs, and what came of it. */
export const featureMsrs: Scenario = {
  title: 'Feature MSRs after KVM_RUN',
  thread: mail(
    '20220805172945.35412-4-seanjc@google.com',
    '[RFC PATCH 3/3] KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN',
  ),
  about:
    'Registers that say what a CPU can do decide what KVM intercepts. Once a vCPU has run they shall not change; but a ' +
    'user space that writes all of them again to emulate RESET is left alone, and microcode is loaded while guests run. ' +
    'An answer is what KVM_SET_MSRS returns, of how many entries, and why it came no further.',
  proposed: ['6.0+rfc-feature-msrs'],
  merged: ['6.4', '6.10', '7.0'],
  questions: [
    {
      asks: 'Another value of IA32_ARCH_CAPABILITIES before the first run',
      answer: one(archCapabilities, 0n, before),
    },
    {
      asks: 'The same value after it',
      answer: (kernel) =>
        set(
          kernel,
          saved(kernel).filter(({ index }) => index === archCapabilities),
        ),
    },
    { asks: 'Another value after it', answer: one(archCapabilities, 0n) },
    {
      asks: 'Another value after a KVM_RUN that comes back at once: the guest has not been entered',
      answer: onceEntered,
    },
    { asks: 'The same value of IA32_VMX_BASIC', answer: one(basicVmx, told(basicVmx)) },
    {
      asks: 'Another value of IA32_VMX_BASIC, one that may be set before the first run',
      answer: one(basicVmx, otherBasic),
    },
    {
      asks: 'The same value of IA32_VMX_BASIC after VMXON, when its setter refuses: ignored, or through the setter?',
      answer: one(basicVmx, told(basicVmx), inVmx),
    },
    {
      asks: 'The same value of IA32_VMX_PINBASED_CTLS, which its setter never takes',
      answer: one(pinControls, told(pinControls)),
    },
    { asks: 'Another microcode revision: a patch is loaded', answer: one(microcode, 7n << 32n) },
    { asks: 'Another value of MSR_PLATFORM_INFO', answer: one(platformInfo, 0n) },
    {
      asks: 'Another value on a vCPU that has never run, while L2 is active: its nested state was just restored',
      answer: one(archCapabilities, 0n, restoredL2),
    },
    {
      asks: 'The same value, there',
      answer: (kernel) =>
        set(
          kernel,
          saved(kernel).filter(({ index }) => index === archCapabilities),
          restoredL2,
        ),
    },
    {
      asks: 'RESET, emulated by writing every register of both lists as it was read',
      answer: (kernel) => set(kernel, saved(kernel)),
    },
    {
      asks: 'The same without the registers that no setter takes',
      answer: (kernel) => set(kernel, settable(kernel)),
    },
    {
      asks: 'That, with IA32_ARCH_CAPABILITIES and the microcode revision of another model',
      answer: (kernel) =>
        set(kernel, withOther(withOther(settable(kernel), archCapabilities, 0n), microcode, 7n << 32n)),
    },
    {
      asks: 'Three registers, the second IA32_ARCH_CAPABILITIES with another value',
      answer: (kernel) =>
        set(kernel, [
          { index: sysenter, data: 0x10n },
          { index: archCapabilities, data: 0n },
          { index: sysenter, data: 0x8n },
        ]),
    },
  ],
}
