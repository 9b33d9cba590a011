/** A vendor module, as far as nesting goes. */
export interface NestedModule {
  /** `'kvm_intel'`, `'kvm_amd'`, or another. */
  readonly module: string
  /** Its parameter `nested`. */
  readonly nested: boolean
}
