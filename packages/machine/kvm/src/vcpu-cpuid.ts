import {
  type CpuidAnswer,
  type CpuidTable,
  type CpuidVcpu,
  type CpuidVm,
  executeCpuid,
  getCpuid2,
  registersWritten,
  type SetCpuidName,
  type ShownRegisters,
  setCpuid,
  type Where,
} from '@vmm/cpuid'
import type { TableLimits, Vcpu } from '@vmm/vcpu'
import { type Answer, done } from './answer.ts'
import { cpuidFault, type SetCpuidArgument, type ToldCpuid, whatCpuidGoesBy } from './cpuid-surroundings.ts'

/** What a table goes by that is its vCPU's. */
interface Around {
  readonly where: Where
  readonly vcpu: Vcpu
  /** IA32_MISC_ENABLE. */
  readonly miscEnable: () => bigint
  readonly apicInKernel: () => boolean
  readonly l2Active: () => boolean
  /** What of its VM decides how the table follows registers. */
  readonly vm: () => CpuidVm
}

/** What the table alone does not decide. */
const limitsOf = ({ derived }: CpuidVcpu): TableLimits => ({
  walkedAddressWidth: derived?.walkedWidth,
  knownXcr0: derived?.guestSupportedXcr0,
})

/** KVM_MAX_CPUID_ENTRIES. */
const everyEntry = 256

const writtenNames = ['cr4', 'xcr0', 'xss', 'apicBase', 'miscEnable'] as const
/** What a table shows before anybody has asked. */
const untold: ShownRegisters = { apicBase: 0xfee0_0900n, miscEnable: 0n }

/** The CPUID table of a vCPU: as user space sets and gets it, and as the guest finds it. */
export class VcpuCpuid {
  readonly #around: Around
  #state: CpuidVcpu = { apicInKernel: false }

  constructor(around: Around) {
    this.#around = around
  }

  /** What the device knows of it. */
  get state(): CpuidVcpu {
    return this.#state
  }

  /** Whether the guest has been entered, and the table is what it saw. */
  get hasRun(): boolean {
    return this.#state.hasRun === true
  }

  /** The guest is entered. */
  entered(): void {
    if (!this.hasRun) this.#state = { ...this.#state, hasRun: true }
  }

  /** KVM_SET_CPUID2, or the older call. */
  set(call: SetCpuidName, table: CpuidTable, { permitted = 0n, unreadable }: SetCpuidArgument): Answer<CpuidTable> {
    const { where, vcpu, vm } = this.#around
    const faults = unreadable === undefined ? {} : { unreadable }
    const answer = setCpuid(where, { call, table, vcpu: this.#shown(), vm: vm(), permitted, ...faults })
    this.#state = answer.vcpu
    if (answer.stored !== vcpu.cpuid) vcpu.setCpuid(answer.stored, limitsOf(answer.vcpu))
    return answer.kind === 'refused' ? answer : done(answer.stored, answer.unread)
  }

  /** KVM_GET_CPUID2. */
  get(nent: number): Answer<ToldCpuid> {
    const answer = getCpuid2(this.#around.where, { nent, vcpu: this.#shown() })
    this.#state = answer.vcpu
    if (answer.kind === 'refused') return answer
    const entries = answer.entries === 'kernel memory' ? [] : answer.entries
    return done({ entries, nent: answer.nent }, answer.unread)
  }

  /** The guest's CPUID, as the release executes it: an update of the table that was due is done first. */
  execute(leaf: number, subleaf: number): CpuidAnswer | typeof cpuidFault {
    const { where, vcpu } = this.#around
    const shown = this.#shown()
    if (shown.pending === true) this.#state = getCpuid2(where, { nent: everyEntry, vcpu: shown }).vcpu
    const { current: table = [] } = this.#state
    const inputs = { table, rax: BigInt(leaf), rcx: BigInt(subleaf) }
    const executed = executeCpuid(where.kernel, { ...inputs, ...whatCpuidGoesBy(vcpu) })
    return executed.kind === 'refused' ? cpuidFault : executed.answer
  }

  /** The vCPU as rules about its table see it: whatever has been written since is known to its table now. */
  #shown(): CpuidVcpu {
    const { where, vcpu, miscEnable: held, apicInKernel, l2Active, vm } = this.#around
    const { engine } = vcpu
    const apicBase = vcpu.apicBase
    const miscEnable = held()
    const [cr4, xcr0, xss] = [engine.get('CR4'), engine.get('XCR0'), engine.get('IA32_XSS')]
    const written = { cr4, xcr0, xss, apicBase, miscEnable } as const
    const { registers } = this.#state
    if (this.#state.apicInKernel !== apicInKernel() || this.#state.l2Active !== l2Active())
      this.#state = { ...this.#state, apicInKernel: apicInKernel(), l2Active: l2Active() }
    if (writtenNames.some((name) => registers?.[name] !== written[name])) {
      const before = { ...this.#state, registers: { ...untold, ...registers } }
      this.#state = registersWritten(where, before, written, vm())
    }
    return this.#state
  }
}
