import {
  kvmEncRegion,
  kvmHypervEventfd,
  kvmIrqRoutingXenEvtchn,
  kvmPmuEventFilter,
  kvmXenHvmAttr,
  kvmXenHvmConfig,
  kvmXenVcpuAttr,
} from '@vmm/kvm-uapi'
import { type Pipeline, type Profile, resolve, run } from '@vmm/rule'
import { notModelled } from '../answer.ts'
import { hypervEventfdPipeline } from '../rules/hyperv-eventfd/index.ts'
import { encryptionPipeline } from '../rules/memory-encryption/index.ts'
import { eventFilterPipeline } from '../rules/set-pmu-event-filter/index.ts'
import { xenConfigPipeline } from '../rules/xen-hvm-config/index.ts'
import { xenVcpuAttrPipeline } from '../rules/xen-vcpu-attr/index.ts'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, type Handlers, type Result, taken, takes, takesIf } from './call.ts'
import { eventFdAt } from './event-fd-at.ts'

const hasXen = ({ kvm }: Vm) => kvm.facts.xen

/** Calls on a VM about counters, encryption, and guests that think they run on Hyper-V or Xen. */
export const paravirtualCalls: Handlers<Vm> = {
  KVM_SET_PMU_EVENT_FILTER: setEventFilter,
  KVM_HYPERV_EVENTFD: takesIf(({ kvm }: Vm) => kvm.facts.hyperv, kvmHypervEventfd, hypervEventfd),
  KVM_XEN_HVM_CONFIG: takesIf(hasXen, kvmXenHvmConfig, setXenConfig),
  KVM_XEN_HVM_GET_ATTR: takesIf(hasXen, kvmXenHvmAttr, ofXen),
  KVM_XEN_HVM_SET_ATTR: takesIf(hasXen, kvmXenHvmAttr, ofXen),
  KVM_XEN_HVM_EVTCHN_SEND: takesIf(hasXen, kvmIrqRoutingXenEvtchn, ofXen),
  KVM_MEMORY_ENCRYPT_OP: ({ kvm }) => refusalOr(encryptionPipeline, kvm.profile, { encrypts: false }),
  KVM_MEMORY_ENCRYPT_REG_REGION: takes(kvmEncRegion, ({ kvm }: Vm) =>
    refusalOr(encryptionPipeline, kvm.profile, { encrypts: false }),
  ),
  KVM_MEMORY_ENCRYPT_UNREG_REGION: takes(kvmEncRegion, ({ kvm }: Vm) =>
    refusalOr(encryptionPipeline, kvm.profile, { encrypts: false }),
  ),
}

/** KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL. */
const interceptsXen = 2

/** Calls of Xen guests that a kernel without them does not know. What those that know them do is not here. */
function ofXen(vm: Vm): Result {
  const built = hasXen(vm)
  const refused = refusalOr(xenConfigPipeline, vm.kvm.profile, { flags: 0, hasPages: false, built })
  return refused === 0 ? notModelled('calls of Xen guests') : refused
}

function setXenConfig({ kvm, msrs }: Vm, config: ReturnType<typeof kvmXenHvmConfig.read>): Result {
  const { flags, msr, blob_addr_32, blob_addr_64, blob_size_32, blob_size_64 } = config
  const hasPages = blob_addr_32 !== 0n || blob_addr_64 !== 0n || blob_size_32 !== 0 || blob_size_64 !== 0
  return refusalOr(xenConfigPipeline, kvm.profile, { flags, hasPages, built: kvm.facts.xen }, () => {
    msrs.xenMsr = msr
    msrs.xenHypercalls = (flags & interceptsXen) !== 0
  })
}

/** What a vCPU says to calls about encryption, and of Xen guests. */
export const vcpuParavirtualCalls: Handlers<KvmVcpu> = {
  KVM_MEMORY_ENCRYPT_OP: ({ profile }) => refusalOr(encryptionPipeline, profile, { encrypts: false }),
  KVM_XEN_VCPU_GET_ATTR: takesIf(({ vm }: KvmVcpu) => hasXen(vm), kvmXenVcpuAttr, xenVcpuAttribute),
  KVM_XEN_VCPU_SET_ATTR: takesIf(({ vm }: KvmVcpu) => hasXen(vm), kvmXenVcpuAttr, xenVcpuAttribute),
}

function xenVcpuAttribute({ vm, profile }: KvmVcpu, _: unknown, { name }: Call): Result {
  const refused = refusalOr(xenVcpuAttrPipeline, profile, { built: hasXen(vm) })
  return refused === 0 ? notModelled(name) : refused
}

/** Bits that an event with a mask has: select, mask, match, and that it is excluded. Source: KVM_PMU_MASKED_ENTRY_*. */
const masked = 0xff80_000f_0000_ffffn
/** Events of which nobody reads any, because there are too many. */
const most = 300

function setEventFilter({ kvm, switches }: Vm, call: Call): Result {
  const given = taken(call, kvmPmuEventFilter)
  if (given === undefined) return faulted(call.name)
  const { action, flags, nevents } = given.value
  const bytes = call.memory.read(call.argument + BigInt(kvmPmuEventFilter.offset.events), 8 * Math.min(nevents, most))
  const events = bytes === undefined ? [] : [...new BigUint64Array(bytes.slice().buffer)]
  const isMasked = events.every((event) => (event & ~masked) === 0n) ? 'valid' : 'invalid'
  const asked = { action, flags, nevents, readable: bytes !== undefined, masked: isMasked } as const
  return refusalOr(eventFilterPipeline, kvm.profile, asked, () => {
    switches.eventFilter = { action: action === 0 ? 'allow' : 'deny', flags, events }
  })
}

function hypervEventfd(
  { kvm, switches: { connections } }: Vm,
  { conn_id: connection, fd, flags }: ReturnType<typeof kvmHypervEventfd.read>,
  { task }: Call,
): Result {
  const found = eventFdAt(task, fd)
  const file = typeof found === 'string' ? found : 'eventfd'
  const { hyperv: built } = kvm.facts
  const asked = { flags, connection, file, joined: connections.has(connection), built } as const
  return refusalOr(hypervEventfdPipeline, kvm.profile, asked, () => {
    if (flags !== 0) connections.delete(connection)
    else if (typeof found !== 'string') connections.set(connection, found)
  })
}

function refusalOr<State>(
  pipeline: Pipeline<State>,
  kernel: Profile,
  asked: State,
  does: () => void = () => {},
): Result {
  const outcome = run(resolve(pipeline, kernel), asked)
  if (outcome.kind === 'refused') return outcome.refusal
  does()
  return 0
}
