import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { memoryPromises } from './memory/memory-promises.ts'
import { apicBusCyclesPipeline } from './rules/apic-bus-cycles/index.ts'
import { bootCpuIdPipeline } from './rules/boot-cpu-id/index.ts'
import { createDevicePipeline } from './rules/create-device/index.ts'
import { createIrqchipPipeline } from './rules/create-irqchip/index.ts'
import { createPitPipeline } from './rules/create-pit/index.ts'
import { createVcpuPipeline } from './rules/create-vcpu/index.ts'
import { createVmPipeline } from './rules/create-vm/index.ts'
import { deviceAttributePipeline } from './rules/device-attribute/index.ts'
import { dispatchPipeline } from './rules/dispatch/index.ts'
import { enableCapPipeline } from './rules/enable-cap/index.ts'
import { pmuTakenAway } from './rules/enable-cap/pmu-taken-away.behaviour.ts'
import { quirksSwitchedOff } from './rules/enable-cap/quirks-switched-off.behaviour.ts'
import { enableVcpuCapPipeline } from './rules/enable-vcpu-cap/index.ts'
import { clockFlagsTold } from './rules/get-clock/clock-flags-told.behaviour.ts'
import { statisticsDescribed } from './rules/get-stats-fd/described.behaviour.ts'
import { statisticsLaidOut } from './rules/get-stats-fd/laid-out.behaviour.ts'
import { statisticsRead } from './rules/get-stats-fd/read.behaviour.ts'
import { hypercallPage } from './rules/hyperv/hypercall-page.behaviour.ts'
import { referencePage } from './rules/hyperv/reference-page.behaviour.ts'
import { referenceTime } from './rules/hyperv/reference-time.behaviour.ts'
import { hypervSystemEvent } from './rules/hyperv/system-event.behaviour.ts'
import { hypervEventfdPipeline } from './rules/hyperv-eventfd/index.ts'
import { ioBusPipeline } from './rules/io-bus/index.ts'
import { ioeventfdPipeline } from './rules/ioeventfd/index.ts'
import { irqLinePipeline } from './rules/irq-line/index.ts'
import { getIrqchipPipeline } from './rules/irqchip-state/index.ts'
import { irqfdPipeline } from './rules/irqfd/index.ts'
import { unmaskedLevel } from './rules/irqfd/unmasked-level.behaviour.ts'
import { encryptionPipeline } from './rules/memory-encryption/index.ts'
import { getPit2Pipeline, reinjectPipeline } from './rules/pit-state/index.ts'
import { emulationTold } from './rules/run/emulation-told.behaviour.ts'
import { runBeginPipeline, runGatePipeline, runPriorityPipeline } from './rules/run/index.ts'
import { preemptedTold } from './rules/run/preempted-told.behaviour.ts'
import { runReason } from './rules/run/reason.behaviour.ts'
import { shutDown } from './rules/run/shut-down.behaviour.ts'
import { setGsiRoutingPipeline } from './rules/set-gsi-routing/index.ts'
import { eventFilterPipeline } from './rules/set-pmu-event-filter/index.ts'
import { signalMsiPipeline } from './rules/signal-msi/index.ts'
import { splitIrqchipPipeline } from './rules/split-irqchip/index.ts'
import { systemAttributePipeline } from './rules/system-attribute/index.ts'
import { vapicPipeline } from './rules/vapic/index.ts'
import { x2apicApiPipeline } from './rules/x2apic-api/index.ts'
import { xenConfigPipeline } from './rules/xen-hvm-config/index.ts'
import { xenVcpuAttrPipeline } from './rules/xen-vcpu-attr/index.ts'

/** Every promise that is made here, call by call, in the order in which the kernel checks. */
export const kvmPromises: readonly Entry[] = [
  ...pipelineEntries(dispatchPipeline),
  ...pipelineEntries(createVmPipeline),
  ...pipelineEntries(createVcpuPipeline),
  ...memoryPromises,
  ...pipelineEntries(enableCapPipeline),
  behaviourEntry('KVM_ENABLE_CAP', quirksSwitchedOff),
  behaviourEntry('KVM_ENABLE_CAP', pmuTakenAway),
  ...pipelineEntries(enableVcpuCapPipeline),
  ...pipelineEntries(vapicPipeline),
  ...pipelineEntries(systemAttributePipeline),
  ...pipelineEntries(encryptionPipeline),
  ...pipelineEntries(eventFilterPipeline),
  ...pipelineEntries(hypervEventfdPipeline),
  ...pipelineEntries(xenConfigPipeline),
  ...pipelineEntries(xenVcpuAttrPipeline),
  behaviourEntry('KVM_GET_CLOCK', clockFlagsTold),
  behaviourEntry('KVM_GET_STATS_FD', statisticsDescribed),
  behaviourEntry('KVM_GET_STATS_FD', statisticsLaidOut),
  behaviourEntry('KVM_GET_STATS_FD', statisticsRead),
  ...pipelineEntries(ioBusPipeline),
  ...pipelineEntries(ioeventfdPipeline),
  ...pipelineEntries(runBeginPipeline),
  ...pipelineEntries(runPriorityPipeline),
  ...pipelineEntries(runGatePipeline),
  behaviourEntry('KVM_RUN', hypervSystemEvent),
  behaviourEntry('WRMSR', hypercallPage),
  behaviourEntry('WRMSR', referencePage),
  behaviourEntry('RDMSR', referenceTime),
  behaviourEntry('KVM_RUN', emulationTold),
  behaviourEntry('KVM_RUN', preemptedTold),
  behaviourEntry('KVM_RUN', runReason),
  behaviourEntry('KVM_RUN', shutDown),
  ...pipelineEntries(createDevicePipeline),
  ...pipelineEntries(deviceAttributePipeline),
  ...pipelineEntries(createIrqchipPipeline),
  ...pipelineEntries(createPitPipeline),
  ...pipelineEntries(getIrqchipPipeline),
  ...pipelineEntries(irqLinePipeline),
  ...pipelineEntries(setGsiRoutingPipeline),
  ...pipelineEntries(signalMsiPipeline),
  ...pipelineEntries(irqfdPipeline),
  behaviourEntry('KVM_IRQFD', unmaskedLevel),
  ...pipelineEntries(getPit2Pipeline),
  ...pipelineEntries(reinjectPipeline),
  ...pipelineEntries(bootCpuIdPipeline),
  ...pipelineEntries(splitIrqchipPipeline),
  ...pipelineEntries(x2apicApiPipeline),
  ...pipelineEntries(apicBusCyclesPipeline),
]
