export { cet, cr0, cr3, cr4, dr6, dr6Fixed, dr7, dr7Fixed, efer, xcr0 } from './control.ts'
export { type Exception, type ExceptionName, exceptionAt, exceptions } from './exceptions.ts'
export {
  type DescriptorName,
  descriptorNames,
  type GprName,
  gprIndex,
  gprNames,
  type SegmentName,
  segmentNames,
} from './general.ts'
export {
  type FieldBeside,
  ownTranslations,
  type ProcessorRegisters,
  type StateMemory,
  type StateMove,
  type StatePlace,
  type StateSupposition,
  type TranslationSpace,
} from './processor.ts'
export { type ArithmeticFlag, arithmeticFlags, arithmeticMask, rflags, rflagsFixed } from './rflags.ts'
export { accessRights, eptControls, type StateField, stateFields, type WidthOfField } from './state.ts'
