/** How to run: for how many instructions, and what else brings `run` back. */
export interface RunOptions {
  /** The most instructions to retire. An access that user space has answered is finished first, whatever the budget. */
  readonly budget: number
  /** Finish what user space has answered and come back: `kvm_run.immediate_exit`. */
  readonly immediateExit?: boolean
  /** Come back when an interrupt could be queued: `kvm_run.request_interrupt_window`. */
  readonly requestInterruptWindow?: boolean
  /** What user space has answered has been finished already, with `finish`. */
  readonly finished?: boolean
  /** Whether somebody outside wants it back: asked before the guest is entered, and now and then while it runs. */
  readonly interrupted?: () => boolean
  /** The guest spins: whether to come back, since somebody else has something to do. Left out, it goes on. */
  readonly onPause?: () => boolean
}
