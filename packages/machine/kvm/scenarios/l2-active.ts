import { type CpuidTable, changeEntry, setCpuid } from '@vmm/cpuid'
import { ioctl, KvmFile, ProcessMemory } from '@vmm/kvm'
import { ioctlNamed, type KvmVcpuEvents, kvmNestedState, nestedFlags, vcpuEventFlags } from '@vmm/kvm-uapi'
import { decode } from '@vmm/layout'
import { errnos, type Profile } from '@vmm/rule'
import { enclsDecider, enclsLeaves } from '@vmm/sgx'
import { mail } from '@vmm/source'
import { clearedBank, enclaves, machineCheck, switchedOff } from './enclave-user-space.ts'
import { emptyState, l2State } from './l2-state.ts'
import { Machine, wordsOf } from './machine.ts'
import type { Scenario } from './scenario.ts'
import { host, table, withWidths } from './tables.ts'

const other = withWidths(48, 45)

const noException = { injected: 0, nr: 0, has_error_code: 0, pending: 0, error_code: 0 } as const

/** KVM_SET_VCPU_EVENTS with nothing but that the vCPU is in SMM. */
const inSmm: KvmVcpuEvents = {
  exception: noException,
  interrupt: { injected: 0, nr: 0, soft: 0, shadow: 0 },
  nmi: { injected: 0, pending: 0, masked: 0 },
  sipi_vector: 0,
  flags: vcpuEventFlags.value.SMM,
  smi: { smm: 1, pending: 0, smm_inside_nmi: 0, latched_init: 0 },
  triple_fault: { pending: 0 },
  exception_has_payload: 0,
  exception_payload: 0n,
}

/** A table whose guest may be a hypervisor. */
const mayNest = (plain: CpuidTable): CpuidTable =>
  changeEntry(plain, 1, 0, ({ ecx, edx }) => ({ ecx: ecx | 0x20, edx: edx | 0x40 }))

/** What a vCPU is when it is asked to take a table. */
interface Before {
  readonly hasRun?: boolean
  /** How user space forces it out of L2, if it does. */
  readonly forced?: (machine: Machine) => void
}

/** Whether a vCPU whose guest runs a guest of its own, restored by KVM_SET_NESTED_STATE, takes a table. */
function asked(kernel: Profile, next: CpuidTable, { hasRun = false, forced }: Before = {}): string {
  const machine = new Machine(kernel, host)
  machine.set(mayNest(table))
  if (hasRun) machine.run()
  const restored = machine.vcpu.setNestedState(l2State)
  if (restored.kind === 'refused') return `L2 is not restored: ${wordsOf(restored)}`
  forced?.(machine)
  return machine.set(mayNest(next))
}

/** A table without VMX while L2 is active, and what a migration finds then: whether the state that it reads still has L2. */
function migratedAfterwards(kernel: Profile): string {
  const machine = new Machine(kernel, host)
  machine.set(mayNest(table))
  machine.vcpu.setNestedState(l2State)
  const said = machine.set(table)
  const state = machine.vcpu.getNestedState()
  if (state.kind === 'refused') return `the table: ${said}; the state is not read: ${wordsOf(state)}`
  const { flags } = decode(kvmNestedState, state.value)
  return `the table: ${said}; the state that is read ${(flags & nestedFlags.value.GUEST_MODE) === 0 ? 'has lost' : 'has'} L2`
}

/** SGX goes while L2 is active and comes back with a reset, which leaves L2: what each of the two calls answers. */
function switchedOffInL2(kernel: Profile): string {
  const where = { kernel, host }
  const running = { hasRun: true, current: enclaves, l2Active: true }
  const off = setCpuid(where, { table: switchedOff, vcpu: running })
  const on = setCpuid(where, { table: enclaves, vcpu: { ...off.vcpu, l2Active: false } })
  return `off: ${wordsOf(off)}; on again after a reset: ${wordsOf(on)}`
}

/** What a guest gets that adds a page to an enclave, by the table that is in force then. */
function enclaveAfterwards(kernel: Profile): string {
  const running = { hasRun: true, current: enclaves }
  const { stored } = setCpuid({ kernel, host }, { table: switchedOff, vcpu: running })
  const shown = changeEntry(stored, 0x7, 0, () => ({ ebx: 1 << 2 }))
  const processor = { hardware: host.cpuid, supportedXcr0: 7n, featureControl: 0x4_0001n } as const
  const guest = { ...processor, table: shown, paging: true, provisioning: false, module: 'on' } as const
  const verdict = enclsDecider(kernel)({ leaf: enclsLeaves.EADD, guest })
  return verdict.kind === 'refused' ? `${verdict.error} by ${verdict.refusal.rule}` : 'it is executed'
}

function recycled(kernel: Profile): string {
  const machine = new Machine(kernel, host)
  machine.set(table)
  machine.run()
  return machine.set(other)
}

/** A process without /dev/kvm holds a VM's file: it made it and gave that up, or was handed it. */
function handedOver(kernel: Profile): string {
  const [maker, stranger] = [{}, {}]
  const file = new KvmFile({ kind: 'vm', vm: new Machine(kernel, host).vm }, maker)
  const call = (mm: object): string => {
    const { value } = ioctl({ memory: new ProcessMemory(), mm }, file, ioctlNamed('KVM_CHECK_EXTENSION')!.number, 0n)
    return Object.entries(errnos).find(([, number]) => number === -value)?.[0] ?? 'answered'
  }
  return `who made it: ${call(maker)}; another: ${call(stranger)}`
}

/** The RFC of December 2019, what was asked instead, and what came of both. */
export const l2Active: Scenario = {
  title: 'CPUID while L2 is active',
  thread: mail(
    '20191218174255.30773-1-sean.j.christopherson@intel.com',
    '[RFC PATCH] KVM: x86: Disallow KVM_SET_CPUID{2} if the vCPU is in guest mode',
  ),
  about:
    'May user space set a CPUID table while the guest runs a guest of its own? Never, the patch proposed; then why ' +
    'while the guest runs at all, it was asked. Two years later the second was decided, six years later the first.',
  proposed: ['5.4+rfc-cpuid-ebusy', '5.4+ask-cpuid-after-power-on'],
  merged: ['5.17', '7.0'],
  questions: [
    {
      asks: 'Another table while L2 is active, on a vCPU that has never run: its nested state was just restored',
      answer: (kernel) => asked(kernel, other),
    },
    { asks: 'The same table, there', answer: (kernel) => asked(kernel, table) },
    {
      asks: 'Another table, there, after user space forced the vCPU out of L2 with an empty nested state',
      answer: (kernel) => asked(kernel, other, { forced: ({ vcpu }) => vcpu.setNestedState(emptyState) }),
    },
    {
      asks: 'The same, forced out by IA32_FEATURE_CONTROL, written with 0',
      answer: (kernel) => asked(kernel, other, { forced: ({ vcpu }) => vcpu.setMsr(0x3a, 0n) }),
    },
    {
      asks: 'The same, forced out by a change of SMM, which older kernels do not mind',
      answer: (kernel) => asked(kernel, other, { forced: ({ vcpu }) => vcpu.state.setVcpuEvents(inSmm) }),
    },
    {
      asks: 'Another table while L2 is active, on a vCPU that has run',
      answer: (kernel) => asked(kernel, other, { hasRun: true }),
    },
    {
      asks: 'The same table, there, as for a hot-plugged vCPU',
      answer: (kernel) => asked(kernel, table, { hasRun: true }),
    },
    {
      asks: 'A table without VMX while L2 is active, and the vCPU is migrated then',
      answer: migratedAfterwards,
    },
    {
      asks: "A vCPU that has run, recycled as another VM's: its files stay open, its table is another",
      answer: recycled,
    },
    {
      asks: 'A process without /dev/kvm that has a VM: it made it and then gave that up, or was handed it',
      answer: handedOver,
    },
    {
      asks: 'User space models that a machine check switches SGX off until the next reset',
      answer: machineCheck,
    },
    { asks: 'The same for a guest that clears the bits of IA32_MC0_CTL: is user space told?', answer: clearedBank },
    { asks: 'What the guest gets of ENCLS[EADD] after SGX was to be switched off', answer: enclaveAfterwards },
    { asks: 'SGX switched off so, with L2 active when it happens', answer: switchedOffInL2 },
  ],
}
