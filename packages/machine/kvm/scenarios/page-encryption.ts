import { findEntry, supportedCpuid } from '@vmm/cpuid'
import {
  decodeHypercall,
  exitHypercallPipeline,
  type HypercallContext,
  type HypercallVerdict,
  hypercallDecider,
  hypercallErrors,
  numberOf,
} from '@vmm/hypercall'
import { type Profile, resolve, run } from '@vmm/rule'
import { mail } from '@vmm/source'
import { Machine } from './machine.ts'
import type { Scenario } from './scenario.ts'
import { host, withKvm } from './tables.ts'

const number = numberOf('KVM_HC_MAP_GPA_RANGE')
const encrypted = 0x10n
const capExitHypercall = 201
const onePage = [0x1000n, 1n, encrypted] as const

/** What user space and the guest have: nothing of it, unless said. */
const nothing: HypercallContext = {
  has: () => false,
  featureBits: 'advisory',
  exits: 0,
  clockPairing: 'unavailable',
}
const shown = { has: () => true }
const asked = { exits: 1 << number }
const askedOther = { exits: 1 << (number - 1) }

type Arguments = readonly [bigint, bigint, bigint]

/** What the guest gets for the hypercall, in a few words. */
function called(
  kernel: Profile,
  given: Partial<HypercallContext>,
  [rbx, rcx, rdx]: Arguments = onePage,
  width: 64 | 32 = 64,
): string {
  const call = decodeHypercall({ rax: BigInt(number), rbx, rcx, rdx, rsi: 0n }, { width, cpl: 0 })
  return told(hypercallDecider(kernel)(call, { ...nothing, ...given }), width)
}

function told(verdict: HypercallVerdict, width: 64 | 32): string {
  if (verdict.kind === 'exit') {
    const values = verdict.arguments.map((value) => `0x${value.toString(16)}`).join(', ')
    return `an exit with ${values}, longmode ${verdict.width === 64 ? 1 : 0}`
  }
  const value = verdict.kind === 'return' ? BigInt.asIntN(width, verdict.value) : 0n
  const error = Object.entries(hypercallErrors).find(([, code]) => BigInt(-code) === value)
  return error === undefined ? `${value}, and nobody hears of it` : `-${error[0]}`
}

/** What KVM_ENABLE_CAP(KVM_CAP_EXIT_HYPERCALL) says to a mask. */
function enabled(kernel: Profile, mask: bigint): string {
  const outcome = run(resolve(exitHypercallPipeline, kernel), { asked: mask, exits: 0n })
  if (outcome.kind === 'refused') return `${outcome.refusal.errno} (\`${outcome.refusal.rule}\`)`
  return outcome.state.exits === mask ? 'taken' : 'no such capability'
}

/** The hypercalls that KVM_CAP_EXIT_HYPERCALL is good for: a mask, as the thread asks for. */
function exitsTold(kernel: Profile): string {
  const mask = new Machine(kernel, host).vm.checkExtension(capExitHypercall)
  return mask === 0 ? 'no such capability' : `a mask, 0x${mask.toString(16)}`
}

/** VMCALL of real-mode code, as the engine runs it, and what is in EAX once user space has answered with an error. */
function completed(kernel: Profile, result: bigint): string {
  const machine = new Machine(kernel, host, [0x0f, 0x01, 0xc1])
  const { vm, vcpu } = machine
  machine.set(withKvm(0x4000_0000, 1 << 16))
  if (vm.enableCap({ cap: capExitHypercall, args: [1n << BigInt(number)] }).kind === 'refused')
    return 'no such capability'
  const regs = vcpu.state.getRegs()
  vcpu.state.setRegs({ ...regs, rax: 0xdead_0000_0000n | BigInt(number), rbx: 0x1000n, rcx: 1n, rdx: encrypted })
  if (machine.run().kind !== 'hypercall') return 'no exit'
  const before = vcpu.state.getRegs().rip
  new DataView(vcpu.page.bytes.buffer).setBigInt64(88, result, true)
  machine.run()
  const { rax, rip } = vcpu.state.getRegs()
  return `RIP stays at ${before.toString(16)}, then is ${rip.toString(16)}; RAX is ${rax.toString(16)}`
}

/** A map of what is encrypted, as a migration reads it: kept by a user space that hears of every change. */
function migrated(kernel: Profile): string {
  const changes = [
    [0x1000n, 4n, encrypted],
    [0x2000n, 1n, 0n],
    [0x9000n, 1n, encrypted],
  ] as const
  const pages = new Map<bigint, boolean>()
  const decide = hypercallDecider(kernel)
  for (const [rbx, rcx, rdx] of changes) {
    const call = decodeHypercall({ rax: BigInt(number), rbx, rcx, rdx, rsi: 0n }, { width: 64, cpl: 0 })
    const verdict = decide(call, { ...nothing, ...shown, ...asked })
    if (verdict.kind !== 'exit') return 'user space hears of nothing: it cannot tell what to send encrypted'
    for (let page = 0n; page < rcx; page++) pages.set((rbx >> 12n) + page, (rdx & encrypted) !== 0n)
  }
  const found = [...pages].filter(([, is]) => is).map(([page]) => page.toString(16))
  return `encrypted pages: ${found.join(' ')}`
}

/** The thread of April 2021 on the page-encryption-status hypercall, and MAP_GPA_RANGE as it was merged. */
export const pageEncryption: Scenario = {
  title: 'The page-encryption-status hypercall',
  thread: mail('YH9hyid+zyQN1GUw@google.com', 'Re: [PATCH 0/3] KVM: x86: guest interface for SEV live migration'),
  about:
    'A guest says which of its pages are encrypted, so that a migration knows. What is it told by a user space that has ' +
    'never heard of that, but copies the supported CPUID into the guest all the same? It was merged as MAP_GPA_RANGE.',
  proposed: ['5.14+rfc-page-enc-enforced', '5.14+rfc-page-enc-bool', '5.14+rfc-page-enc-mask'],
  merged: ['5.14'],
  questions: [
    {
      asks: 'A guest that was not shown the feature, a user space that did not ask',
      answer: (kernel) => called(kernel, {}),
    },
    {
      asks: 'The same, where user space enforces PV features',
      answer: (kernel) => called(kernel, { featureBits: 'enforced' }),
    },
    {
      asks: 'User space copies CPUID blindly: the guest was shown the feature, and nobody asked for the exit',
      answer: (kernel) => called(kernel, shown),
    },
    {
      asks: 'The same, where user space enforces PV features',
      answer: (kernel) => called(kernel, { ...shown, featureBits: 'enforced' }),
    },
    {
      asks: 'The same guest, and half a page: arguments that are wrong',
      answer: (kernel) => called(kernel, shown, [0x1800n, 1n, encrypted]),
    },
    {
      asks: 'The same guest; user space asked for the exit of another hypercall',
      answer: (kernel) => called(kernel, { ...shown, ...askedOther }),
    },
    {
      asks: 'The guest was shown the feature, and user space asked for the exit',
      answer: (kernel) => called(kernel, { ...shown, ...asked }),
    },
    {
      asks: 'The same from 32-bit code',
      answer: (kernel) => called(kernel, { ...shown, ...asked }, onePage, 32),
    },
    {
      asks: 'The same with no page at all',
      answer: (kernel) => called(kernel, { ...shown, ...asked }, [0x1000n, 0n, encrypted]),
    },
    {
      asks: 'The same with the last page of all addresses and three more',
      answer: (kernel) => called(kernel, { ...shown, ...asked }, [0xffff_ffff_ffff_f000n, 4n, encrypted]),
    },
    {
      asks: 'The same with so many pages that their number runs over 64 bits',
      answer: (kernel) => called(kernel, { ...shown, ...asked }, [0x1000n, (1n << 64n) - 1n, encrypted]),
    },
    {
      asks: 'The bit of the feature in what KVM_GET_SUPPORTED_CPUID tells, for those who copy it',
      answer: (kernel) => {
        const { entries } = supportedCpuid({ kernel, host })
        return ((findEntry(entries, 0x4000_0001, 0)?.eax ?? 0) >>> 16) & 1 ? 'there' : 'not there'
      },
    },
    { asks: 'The guest was not shown it, and calls all the same', answer: (kernel) => called(kernel, asked) },
    { asks: 'What KVM_CHECK_EXTENSION tells of hypercalls that can exit', answer: exitsTold },
    { asks: 'User space asks for the exit, by its bit', answer: (kernel) => enabled(kernel, 1n << BigInt(number)) },
    { asks: 'User space asks with 1, as if it were a switch', answer: (kernel) => enabled(kernel, 1n) },
    {
      asks: 'User space answers -KVM_ENOSYS; the guest is 16-bit code with something in the upper half of RAX',
      answer: (kernel) => completed(kernel, BigInt(-hypercallErrors.KVM_ENOSYS)),
    },
    {
      asks: 'User space answers with its own -ENOSYS, there',
      answer: (kernel) => completed(kernel, -38n),
    },
    { asks: 'A migration reads what is encrypted', answer: migrated },
  ],
}
