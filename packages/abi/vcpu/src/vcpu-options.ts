import type { CpuidTable, Feature } from '@vmm/cpuid'
import type { MsrFile, MsrHome } from '@vmm/msr'
import type { Profile } from '@vmm/rule'
import type { Engine, EnginePorts } from './engine-port.ts'
import type { VcpuHost } from './guest.ts'
import type { VcpuMachine } from './machine.ts'
import type { OnRefusedMsr } from './msr-access.ts'
import type { VcpuSwitches } from './switches.ts'
import type { ExitLevels, ExitReason, Trace } from './trace.ts'

/** What a vCPU is made of. */
export interface VcpuOptions {
  readonly cpuid: CpuidTable
  /** The release whose promises are kept; 6.12.117 unless told. */
  readonly kernel?: Profile
  /** Which features the guest has; left out, those of `cpuid`. */
  readonly has?: (feature: Feature) => boolean
  /** Makes the MSR file; registers that live elsewhere are read through what it is given. Left out, one as after power-up. */
  readonly createMsrs?: (readElsewhere: (home: MsrHome, index: number) => bigint) => MsrFile
  /** What is around it; left out, every port and every address without memory is an exit. */
  readonly machine?: VcpuMachine
  /** MAXPHYADDR; left out, what `cpuid` says. */
  readonly physicalAddressWidth?: number
  readonly createEngine: (ports: EnginePorts) => Engine
  /** Bit n: hypercall n exits to user space. KVM_CAP_EXIT_HYPERCALL. */
  readonly hypercallExits?: number
  /** What user space has switched; left out, nothing. */
  readonly switches?: VcpuSwitches
  /** CONFIG_KVM_SMM; built in, unless told. */
  readonly smm?: boolean
  /** The host; left out, one that is nothing but software, and SSE of all that XSAVE may save. */
  readonly host?: VcpuHost
  /** KVM_CAP_EXCEPTION_PAYLOAD and KVM_CAP_X86_TRIPLE_FAULT_EVENT: off unless told. */
  readonly capabilities?: { readonly exceptionPayload?: boolean; readonly tripleFault?: boolean }
  /** Told of MSRs that were refused. */
  readonly onRefusedMsr?: OnRefusedMsr
  readonly trace?: Trace
  /** Told of every exit, traced or not, and of who was left for whom; of those for one reason, of several at once. */
  readonly onExit?: (reason: ExitReason, count: number, levels: ExitLevels) => void
}
