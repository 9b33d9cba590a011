import type { ExitReason } from './runtime.ts'

/** Why `run` came back. */
export type Stop =
  | { readonly kind: 'budget' }
  /** Something pending may now be taken, or devices changed what is pending. */
  | { readonly kind: 'events' }
  | { readonly kind: 'exit'; readonly reason: ExitReason }
  /** The instruction at RIP faults. It must be delivered. */
  | { readonly kind: 'fault'; readonly vector: number; readonly errorCode: number | undefined }
  /** The instruction at RIP has not happened: a port had no answer yet. */
  | { readonly kind: 'waiting' }

export const waiting: Stop = { kind: 'waiting' }
