/** What can end or pause the machine. The board only says it; whoever runs the processors acts. */
export type MachineEvent =
  | { readonly kind: 'power-off'; readonly by: 'acpi' | 'shutdown-port' }
  | { readonly kind: 'reset'; readonly by: 'keyboard-controller' | 'port-92' | 'port-cf9' }
  /** A write to the debug exit port. A process would end with `(value << 1) | 1`. */
  | { readonly kind: 'debug-exit'; readonly value: number }
  /** The guest asked for S3. Its processors stop until `wake`; its memory stays. */
  | { readonly kind: 'suspend' }
  /** The clock's alarm ends S3: processors start at the FACS waking vector, as after a reset. */
  | { readonly kind: 'wake' }

export type OnMachineEvent = (event: MachineEvent) => void
