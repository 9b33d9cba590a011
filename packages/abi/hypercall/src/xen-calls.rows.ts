/** Xen's numbers that KVM looks at. Source: include/xen/interface/{xen,sched,vcpu,event_channel,version}.h of Linux 6.12. */
export const xenCalls = {
  set_timer_op: 15n,
  xen_version: 17n,
  vcpu_op: 24n,
  sched_op: 29n,
  event_channel_op: 32n,
} as const

/** The commands of those calls that KVM looks at. Source: the same headers. */
export const xenCommands = {
  XENVER_version: 0n,
  SCHEDOP_yield: 0n,
  SCHEDOP_poll: 3n,
  EVTCHNOP_send: 4n,
  VCPUOP_set_singleshot_timer: 8n,
  VCPUOP_stop_singleshot_timer: 9n,
} as const
