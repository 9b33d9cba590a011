import {
  type CpuidTable,
  type CpuidVcpu,
  type CpuidVm,
  entry,
  findEntry,
  getCpuid2,
  registersWritten,
  type ShownRegisters,
  setCpuid,
  setCpuid2Pipeline,
} from '@vmm/cpuid'
import { inForce, type Profile, promiseOf } from '@vmm/rule'
import { mail } from '@vmm/source'
import { Machine, wordsOf } from './machine.ts'
import type { Scenario } from './scenario.ts'
import { host, table, withKvm, withWidths } from './tables.ts'

const osxsave = 1n << 18n
const pvUnhalt = 1 << 7
const hltInGuest: CpuidVm = { hltInGuest: true }

/** Steps of the pipeline by what the thread calls them. */
const words: readonly (readonly [RegExp, string])[] = [
  [/^rt-/, 'runtime updates'],
  [/-forbidden-/, 'refuse after a run'],
  [/-immutable-/, 'compare with the old table'],
  [/-hyperv-alloc$/, 'kvm_hv_vcpu_init'],
  [/-vaddr-width/, 'kvm_check_cpuid'],
  [/^set-cpuid-install$/, 'store the new table'],
  [/-swap$/, 'swap the tables'],
  [/-(kvm|xen)-base$/, 'kvm_get_hypervisor_cpuid'],
  [/^derived-anew$/, 'kvm_vcpu_after_set_cpuid'],
]

/** The steps of KVM_SET_CPUID2 in a kernel, numbered as in the thread. */
function order(kernel: Profile): string {
  const steps = setCpuid2Pipeline.steps.flatMap((step) => {
    const own = step.kind === 'check' ? [step.rule] : step.behaviour.versions
    const placed = step.lifetime === undefined || inForce(step.lifetime, kernel) === 'yes'
    if (!placed || own.every(({ lifetime }) => inForce(lifetime, kernel) !== 'yes')) return []
    return words.filter(([pattern]) => pattern.test(promiseOf(step).id)).map(([, word]) => word)
  })
  const each = steps.filter((step, at) => step !== steps[at - 1])
  return each.map((step, at) => `${at + 1}. ${step}`).join(' ')
}

/** KVM_FEATURE_PV_UNHALT after each of two calls with a table, where HLT does not exit. */
function unhalt(kernel: Profile, base: number): string {
  const request = { table: withKvm(base, pvUnhalt), vm: hltInGuest }
  const first = setCpuid({ kernel, host }, request)
  const second = setCpuid({ kernel, host }, { ...request, vcpu: first.vcpu })
  const bit = ({ stored }: typeof first) =>
    (findEntry(stored, base + 1, 0)?.eax ?? 0) & pvUnhalt ? 'there' : 'cleared'
  return `${bit(first)}, after a second call ${bit(second)}`
}

/** Whoever finds leaves of its own in this table. */
const threeHypervisors: CpuidTable = [
  ...withKvm(0x4000_0100, 0),
  entry(0x4000_0000, { eax: 0x4000_0001, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 }),
  entry(0x4000_0001, { eax: 0x3123_7648 }),
  entry(0x4000_0200, { eax: 0x4000_0204, ebx: 0x566e_6558, ecx: 0x6558_4d4d, edx: 0x4d4d_566e }),
]

interface Shown {
  readonly written: ShownRegisters
  readonly of: CpuidTable
  readonly vm?: CpuidVm
  readonly tells: (told: CpuidTable) => string
}

/** What KVM_GET_CPUID2 tells of a table after registers were written. */
function shown(kernel: Profile, { written, of, vm = {}, tells }: Shown): string {
  const where = { kernel, host }
  const { vcpu } = setCpuid(where, { table: of, vm })
  const told = getCpuid2(where, { nent: 256, vcpu: registersWritten(where, vcpu, written, vm), vm })
  if (told.kind !== 'accepted') return wordsOf(told)
  return told.entries === 'kernel memory' ? 'bytes of the kernel, not the table' : tells(told.entries)
}

const bitOf = (leaf: number, output: 'ecx' | 'edx', bit: number) => (told: CpuidTable) =>
  ((findEntry(told, leaf, 0)?.[output] ?? 0) >>> bit) & 1 ? 'there' : 'not there'

const sizes = (told: CpuidTable) => {
  const [standard, compacted] = [findEntry(told, 0xd, 0)?.ebx, findEntry(told, 0xd, 1)?.ebx]
  return `${standard} bytes, compacted ${compacted}`
}

/** A vCPU is unplugged and plugged in again: its table is set anew though its guest has CR4.OSXSAVE on. */
function hotPlug(kernel: Profile): string {
  const machine = new Machine(kernel, host)
  machine.set(table)
  machine.run()
  machine.setCr4(osxsave)
  const first = machine.set(table)
  return `${first}, then OSXSAVE is ${bitOf(1, 'ecx', 27)(machine.get())}`
}

/** Another table, refused after CR4.OSXSAVE was set: what the guest sees of it afterwards. */
function refusedThen(kernel: Profile): string {
  const where = { kernel, host }
  const before: CpuidVcpu = { ...setCpuid(where, { table }).vcpu, hasRun: true }
  const vcpu = registersWritten(where, before, { cr4: osxsave })
  const answer = setCpuid(where, { table: withWidths(48, 45), vcpu })
  return `${wordsOf(answer)}, then OSXSAVE is ${answer.vcpu.pending ? 'still to come' : bitOf(1, 'ecx', 27)(answer.stored)}`
}

/** What is left of a call with Hyper-V's leaf that is refused for its width of addresses. */
function hyperv(kernel: Profile): string {
  const answer = setCpuid(
    { kernel, host },
    { table: [...withWidths(52, 46), entry(0x4000_0001, { eax: 0x3123_7648 })] },
  )
  return `${wordsOf(answer)}, Hyper-V's context is ${answer.vcpu.hypervContext ? 'made' : 'not made'}`
}

/** Where KVM has found the leaves of three hypervisors, once a table with all of them is in place. */
function bases(kernel: Profile): string {
  const { vcpu } = setCpuid({ kernel, host }, { table: threeHypervisors })
  const at = (base = 0) => (base === 0 ? 'not remembered' : `at ${base.toString(16).toUpperCase()}H`)
  const hyperV = vcpu.derived?.hyperv === true ? 'on' : 'off'
  return `Hyper-V's ${hyperV}, KVM's ${at(vcpu.kvmBase?.base)}, Xen's ${at(vcpu.xenBase?.base)}`
}

/** The order of KVM_SET_CPUID2 and the state that it reads too early: July 2024. */
export const runtimeUpdates: Scenario = {
  title: 'Runtime updates and the order of KVM_SET_CPUID2',
  thread: mail(
    '20240517173926.965351-3-seanjc@google.com',
    '[PATCH v2 02/49] KVM: x86: Explicitly do runtime CPUID updates "after" initial setup',
  ),
  about:
    'Bits of a table follow registers of the vCPU. When are they written into a new one: before it is checked, or once ' +
    'it is in place and everything derived from it is known? What was merged swaps the tables first. Tables are compared ' +
    'after a run only, and with the patch and since 6.14 updated before that only then; since 6.15 updates that are due ' +
    'come first.',
  proposed: ['6.8+rfc-cpuid-runtime-after-setup'],
  merged: ['6.14'],
  questions: [
    { asks: 'The order of the steps', answer: order },
    {
      asks: "Hyper-V's leaves at 4000_0000H, KVM's at 4000_0100H and Xen's at 4000_0200H in one table: what is found",
      answer: bases,
    },
    {
      asks: 'PV_UNHALT of a VM whose HLT does not exit, with leaves at 4000_0000H',
      answer: (kernel) => unhalt(kernel, 0x4000_0000),
    },
    { asks: 'The same with leaves at 4000_0100H', answer: (kernel) => unhalt(kernel, 0x4000_0100) },
    {
      asks: 'OSXSAVE after CR4.OSXSAVE',
      answer: (kernel) => shown(kernel, { written: { cr4: osxsave }, of: table, tells: bitOf(1, 'ecx', 27) }),
    },
    {
      asks: 'OSPKE after CR4.PKE',
      answer: (kernel) => shown(kernel, { written: { cr4: 1n << 22n }, of: table, tells: bitOf(7, 'ecx', 4) }),
    },
    {
      asks: 'MWAIT after IA32_MISC_ENABLE has its bit, with the quirk that keeps them apart switched off',
      answer: (kernel) =>
        shown(kernel, {
          written: { miscEnable: 1n << 18n },
          of: table,
          vm: { mwaitFollows: true },
          tells: bitOf(1, 'ecx', 3),
        }),
    },
    {
      asks: 'APIC after IA32_APIC_BASE lost its bit',
      answer: (kernel) => shown(kernel, { written: { apicBase: 0xfee0_0000n }, of: table, tells: bitOf(1, 'edx', 9) }),
    },
    {
      asks: 'The sizes of the XSAVE area after XCR0 has x87, SSE and AVX',
      answer: (kernel) => shown(kernel, { written: { xcr0: 7n, xss: 0n }, of: table, tells: sizes }),
    },
    { asks: 'The same table for a vCPU that is plugged in again, after its guest set CR4.OSXSAVE', answer: hotPlug },
    { asks: 'Another table, there', answer: refusedThen },
    { asks: "A refused table with Hyper-V's leaves", answer: hyperv },
  ],
}
