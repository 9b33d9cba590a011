import { featureMsrWrite } from '@vmm/msr'
import { type Profile, resolve, run } from '@vmm/rule'
import { mail } from '@vmm/source'
import { wordsOf } from './machine.ts'
import type { Scenario } from './scenario.ts'

const vmxBasic = 0x480
const archCapabilities = 0x10a
const microcodeRevision = 0x8b

interface Write {
  readonly index: number
  readonly data: bigint
  readonly current: bigint
}

/** What the rules about feature MSRs say to one write of user space, before its register's setter is asked. */
function written(
  kernel: Profile,
  write: Write,
  vcpu: { readonly hasRun: boolean; readonly l2Active: boolean },
): string {
  return wordsOf(gate(kernel, write, vcpu))
}

function gate(kernel: Profile, write: Write, vcpu: { readonly hasRun: boolean; readonly l2Active: boolean }) {
  const outcome = run(resolve(featureMsrWrite, kernel), { ...write, ...vcpu })
  return outcome.kind === 'refused' ? outcome.refusal : outcome
}

const same = (index: number): Write => ({ index, data: 5n, current: 5n })
const other = (index: number): Write => ({ index, data: 4n, current: 5n })
const running = { hasRun: true, l2Active: false }

/** RESET, emulated by writing every register again: how many of them KVM_SET_MSRS says it has set. */
function restored(kernel: Profile, writes: readonly Write[]): string {
  const refused = writes.findIndex((write) => gate(kernel, write, running).kind === 'refused')
  return `${refused === -1 ? writes.length : refused} of ${writes.length}`
}

const saved = [same(0x174), same(vmxBasic), same(archCapabilities), same(microcodeRevision), same(0x175)]
const older = [same(0x174), other(vmxBasic), same(archCapabilities), other(microcodeRevision), same(0x175)]

/** The RFC of August 2022 on feature MSRs, and what came of it. */
export const featureMsrs: Scenario = {
  title: 'Feature MSRs after KVM_RUN',
  thread: mail(
    '20220805172945.35412-4-seanjc@google.com',
    '[RFC PATCH 3/3] KVM: x86: Disallow writes to immutable feature MSRs after KVM_RUN',
  ),
  about:
    'Registers that say what a CPU can do decide what KVM intercepts. Once a vCPU has run they shall not change; but a ' +
    'user space that writes all of them again to emulate RESET is left alone, and microcode is loaded while guests run.',
  proposed: ['6.0+rfc-feature-msrs'],
  merged: ['6.4', '6.10', '7.0'],
  questions: [
    {
      asks: 'Another value of IA32_ARCH_CAPABILITIES before the first run',
      answer: (kernel) => written(kernel, other(archCapabilities), { hasRun: false, l2Active: false }),
    },
    { asks: 'The same value after it', answer: (kernel) => written(kernel, same(archCapabilities), running) },
    { asks: 'Another value after it', answer: (kernel) => written(kernel, other(archCapabilities), running) },
    { asks: 'The same value of IA32_VMX_BASIC', answer: (kernel) => written(kernel, same(vmxBasic), running) },
    { asks: 'Another value of IA32_VMX_BASIC', answer: (kernel) => written(kernel, other(vmxBasic), running) },
    {
      asks: 'Another microcode revision: a patch is loaded',
      answer: (kernel) => written(kernel, other(microcodeRevision), running),
    },
    {
      asks: 'Another value on a vCPU that has never run, while L2 is active: its nested state was just restored',
      answer: (kernel) => written(kernel, other(vmxBasic), { hasRun: false, l2Active: true }),
    },
    {
      asks: 'RESET by writing all registers as they are: how many KVM_SET_MSRS has set',
      answer: (kernel) => restored(kernel, saved),
    },
    {
      asks: 'The same with the registers of another model: how many before the first that is refused',
      answer: (kernel) => restored(kernel, older),
    },
  ],
}
