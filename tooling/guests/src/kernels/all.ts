import type { Kernel } from '../kernel/kernel.ts'
import { debugging } from './debugging.ts'
import { extensions } from './extensions.ts'
import { faults } from './faults.ts'
import { interrupts } from './interrupts.ts'
import { legacyPaging } from './legacy-paging.ts'
import { longMode } from './long-mode.ts'
import { numericErrors } from './numeric-errors.ts'
import { paging } from './paging.ts'
import { processors } from './processors.ts'
import { segmentation } from './segmentation.ts'
import { tasks } from './tasks.ts'
import { virtual8086 } from './virtual-8086.ts'
import { vmxApic } from './vmx-apic.ts'
import { vmxEntries } from './vmx-entries.ts'
import { vmxEpt } from './vmx-ept.ts'
import { vmxEptFeatures } from './vmx-ept-features.ts'
import { vmxEvents } from './vmx-events.ts'
import { vmxExits } from './vmx-exits.ts'
import { vmxInstructions } from './vmx-instructions.ts'
import { vmxPosted } from './vmx-posted.ts'
import { vmxProcessors } from './vmx-processors.ts'
import { vmxShadowing } from './vmx-shadowing.ts'
import { vmxSides } from './vmx-sides.ts'
import { vmxSignals } from './vmx-signals.ts'
import { vmxTime } from './vmx-time.ts'
import { vmxNearest, vmxWitnesses } from './vmx-witnesses.ts'

/** Every kernel, by what it asks about. */
export const kernels: Readonly<Record<string, () => Kernel>> = {
  debugging,
  extensions,
  faults,
  interrupts,
  legacyPaging,
  longMode,
  numericErrors,
  paging,
  processors,
  segmentation,
  tasks,
  virtual8086,
  vmxApic,
  vmxEntries,
  vmxEpt,
  vmxEptFeatures,
  vmxEvents,
  vmxExits,
  vmxInstructions,
  vmxNearest,
  vmxPosted,
  vmxProcessors,
  vmxShadowing,
  vmxSides,
  vmxSignals,
  vmxTime,
  vmxWitnesses,
}
