import { type Behaviour, behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource, probe } from '@vmm/source'

/** An instruction that could not be emulated. */
export interface Untold {
  /** Its bytes, as far as they were read. */
  readonly code: readonly number[]
  /** Why the processor came back, and what it said of it. */
  readonly exit: readonly [reason: bigint, first: bigint, second: bigint]
}

/** The flag of bytes that are told, and what stands behind the last of them. */
const hasBytes = 1n
const filler = 0x90
const room = 15

const words = (bytes: readonly number[]): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** Flags, and how many bytes there are with the bytes. */
function flagged(code: readonly number[]): readonly bigint[] {
  if (code.length === 0) return [0n]
  const told = [code.length, ...Array.from({ length: room }, (_, at) => code[at] ?? filler)]
  return [hasBytes, words(told.slice(0, 8)), words(told.slice(8))]
}

const fetchless: Untold = { code: [0xdd, 0x06], exit: [0x400n, 0x1_0000_0004n, 0xd0000n] }
const padded = [hasBytes, 0x9090_9090_9006_dd02n, 0x9090_9090_9090_9090n] as const

export const emulationTold: Behaviour<Untold, readonly bigint[]> = behaviour<Untold, readonly bigint[]>({
  id: 'emulation-failure-told',
  catalogue: 'run-emul-fail',
  says: 'nothing is told of an instruction that could not be emulated',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'prepare_emulation_failure_exit', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'prepare_emulation_failure_exit', '6.1.192'),
    commit('c88339d88b0a', 'kvm: x86: Allow userspace to handle emulation errors'),
    commit('e615e355894e', 'KVM: x86: On emulation failure, convey the exit reason, etc. to userspace'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    { lifetime: until('5.14'), does: () => [], witness: { in: fetchless, out: [] } },
    {
      lifetime: between('5.14', '5.16'),
      says: 'its bytes are told, where they could be read',
      does: ({ code }) => (code.length === 0 ? [] : flagged(code)),
      witness: { in: fetchless, out: padded },
    },
    {
      lifetime: since('5.16'),
      says: 'its bytes are told, where they could be read, and why the processor came back',
      does: ({ code, exit }) => [...flagged(code), ...exit, 0n, 0n],
      witness: { in: fetchless, out: [...padded, 0x400n, 0x1_0000_0004n, 0xd0000n, 0n, 0n] },
    },
  ],
})
