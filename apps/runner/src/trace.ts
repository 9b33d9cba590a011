import type { ExitLevels, ExitReason, TraceEvent } from '@vmm/vcpu'
import { exceptionAt } from '@vmm/x86-registers'
import { Lines } from './lines.ts'
import { because } from './named-file.ts'
import { shown } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** Kinds of events that `--trace` takes, and what they select. */
const kinds: Readonly<Record<string, readonly TraceEvent['kind'][]>> = {
  exits: [
    'kvm_entry',
    'kvm_exit',
    'kvm_cpuid',
    'kvm_msr',
    'kvm_pio',
    'kvm_mmio',
    'kvm_inj_virq',
    'kvm_inj_exception',
    'kvm_nested_vmexit_inject',
  ],
  cpuid: ['kvm_cpuid'],
  msr: ['kvm_msr'],
  pio: ['kvm_pio'],
  mmio: ['kvm_mmio'],
  irq: ['kvm_inj_virq'],
  exceptions: ['kvm_inj_exception'],
  nested: ['kvm_nested_vmexit_inject'],
}

/** What to trace, and where to: `KINDS` with commas, then perhaps `=FILE`. */
export interface TraceRequest {
  readonly selected: ReadonlySet<TraceEvent['kind']>
  readonly file: string | undefined
}

export function parseTrace(text: string): TraceRequest {
  const [names, ...file] = text.split('=')
  const selected = new Set<TraceEvent['kind']>()
  for (const name of names!.split(',')) {
    const chosen = kinds[name]
    if (chosen === undefined)
      throw new UsageError(`--trace ${shown(name)}: expected one of ${Object.keys(kinds).join(', ')}`)
    for (const kind of chosen) selected.add(kind)
  }
  if (file.length > 0 && file.join('=') === '') throw new UsageError(`--trace ${text}: expected a file after =`)
  return { selected, file: file.length === 0 ? undefined : file.join('=') }
}

const hex = (value: number | bigint): string => value.toString(16)

const padded = (value: number | bigint, digits: number): string => hex(value).padStart(digits, '0')

function exceptionName(vector: number): string {
  const name = exceptionAt(vector)
  return name === undefined ? `0x${hex(vector)}` : `#${name}`
}

type ExitEvent = Extract<TraceEvent, { kind: 'kvm_exit' }>

function formatExit({ level, reason, rip, info, interruption, errorCode }: ExitEvent, vcpu: number): string {
  const [info1, info2] = [padded(info, 16), padded(0, 16)]
  const rest = `info1 0x${info1} info2 0x${info2} intr_info 0x${padded(interruption, 8)} error_code 0x${padded(errorCode, 8)}`
  return `vcpu ${vcpu} reason ${reason} rip 0x${hex(rip)} ${rest} ${level} to L0`
}

/**
 * An event as the kernel's own tracepoint prints it, trailing space and all; and of an exit or entry, who is left for whom.
 * Source: arch/x86/kvm/trace.h.
 */
export function formatEvent(event: TraceEvent, vcpu = 0): string {
  switch (event.kind) {
    case 'kvm_entry':
      return `vcpu ${vcpu}, rip 0x${hex(event.rip)} L0 to ${event.level}`
    case 'kvm_exit':
      return formatExit(event, vcpu)
    case 'kvm_nested_vmexit_inject': {
      const { reason, info, vectoring, interruption, errorCode } = event
      const events = `ext_inf2: 0x${padded(vectoring, 16)} ext_int: 0x${padded(interruption, 8)}`
      return `reason: ${reason} ext_inf1: 0x${padded(info, 16)} ${events} ext_int_err: 0x${padded(errorCode, 8)} L2 to L1`
    }
    case 'kvm_cpuid': {
      const [rax, rbx, rcx, rdx] = event.answer.map(hex)
      return `func ${hex(event.function)} idx ${hex(event.index)} rax ${rax} rbx ${rbx} rcx ${rcx} rdx ${rdx}, cpuid entry ${event.found ? 'found' : 'not found'}`
    }
    case 'kvm_msr':
      return `msr_${event.write ? 'write' : 'read'} ${hex(event.index)} = 0x${hex(event.data)}${event.exception ? ' (#GP)' : ''}`
    case 'kvm_pio':
      return `pio_${event.write ? 'write' : 'read'} at 0x${hex(event.port)} size ${event.size} count 1 val 0x${hex(event.value >>> 0)} `
    case 'kvm_mmio':
      return `mmio ${event.write ? 'write' : 'read'} len ${event.size} gpa 0x${hex(event.address)} val 0x${hex(event.value)}`
    case 'kvm_inj_virq':
      return `IRQ 0x${hex(event.vector)}`
    case 'kvm_inj_exception':
      return `${exceptionName(event.vector)}${event.errorCode === undefined ? '' : ` (0x${hex(event.errorCode)})`}`
    default:
      return event satisfies never
  }
}

/** In an object, because they come by the million. */
interface Counted {
  exits: number
}

/** Exits by reason, and by who was left for whom: L1 is the guest, L2 a guest of its own, and L0 KVM. */
export type ExitCounts = Readonly<Partial<Record<ExitLevels, Readonly<Record<string, number>>>>>

/** Counts exits by level and reason, and prints the events that were asked for. */
export class Tracer {
  /** All of them. */
  exits = 0
  /** Guest time in nanoseconds. */
  now: () => number = () => 0
  readonly #counts = new Map<ExitLevels, Map<ExitReason, Counted>>([['L1 to L0', new Map()]])
  readonly #selected: TraceRequest['selected']
  readonly #lines: Lines | undefined

  /** A file that cannot be written any more is told in one line; if it is stderr, there is nobody to tell. */
  constructor(request: TraceRequest | undefined, onFailure: (says: string) => void = () => {}) {
    this.#selected = request?.selected ?? new Set()
    if (request === undefined) return
    const { file } = request
    this.#lines = new Lines(file, (error) => {
      if (file !== undefined) onFailure(`--trace ${file}: ${because(error)}`)
    })
  }

  readonly count = (reason: ExitReason, exits: number, levels: ExitLevels): void => {
    this.exits += exits
    const counts = this.#counts.get(levels)
    const counted = counts?.get(reason)
    if (counted !== undefined) counted.exits += exits
    else if (counts === undefined) this.#counts.set(levels, new Map([[reason, { exits }]]))
    else counts.set(reason, { exits })
  }

  /** How many there were so far. */
  get counts(): ExitCounts {
    const plain = (counts: Map<ExitReason, Counted>) =>
      Object.fromEntries([...counts].map(([reason, { exits }]) => [reason, exits]))
    return Object.fromEntries([...this.#counts].map(([levels, counts]) => [levels, plain(counts)]))
  }

  readonly take = (event: TraceEvent, vcpu: number): void => {
    if (!this.#selected.has(event.kind)) return
    const time = (this.now() / 1e9).toFixed(9).padStart(14)
    this.#lines?.put(`${time}: ${event.kind}: ${formatEvent(event, vcpu)}`)
  }

  close(): void {
    this.#lines?.close()
  }
}
