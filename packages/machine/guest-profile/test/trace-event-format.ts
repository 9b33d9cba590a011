/** An event as any JSON may have it. */
type Any = Readonly<Record<string, unknown>>

/** Phases that both viewers draw. Source: Trace Event Format, Event Descriptions. */
const phases = ['B', 'E', 'M']

/**
 * What is wrong with a file by the Trace Event Format, and by what speedscope and Perfetto ask beyond it: every event has a time, frames of a
 * thread nest as they follow each other in time, and what has arguments gets them into its name.
 * Source: Trace Event Format (Duration Events, Metadata Events); speedscope src/import/trace-event.ts and chrome.ts; Perfetto
 * docs/getting-started/other-formats.md, Chrome JSON format.
 */
export function problemsOf(json: string): readonly string[] {
  const { traceEvents, displayTimeUnit } = JSON.parse(json) as { traceEvents?: unknown; displayTimeUnit?: unknown }
  if (!Array.isArray(traceEvents) || traceEvents.length === 0) return ['no events']
  const events = traceEvents as readonly Any[]
  const unit = ['ms', 'ns'].includes(displayTimeUnit as string) ? [] : ['the unit is neither ms nor ns']
  return [...unit, ...events.flatMap(problemsOfEvent), ...threadsOf(events).flatMap(problemsOfThread)]
}

function problemsOfEvent(event: Any, index: number): readonly string[] {
  const { ph, name, pid, tid, ts, args } = event
  const bad = (what: string): string => `event ${index}: ${what}`
  return [
    ...(phases.includes(ph as string) ? [] : [bad(`phase ${String(ph)}`)]),
    ...(typeof name === 'string' && name !== '' ? [] : [bad('no name')]),
    ...(Number.isInteger(pid) && Number.isInteger(tid) ? [] : [bad('no process or no thread')]),
    ...(typeof ts === 'number' && Number.isFinite(ts) && ts >= 0 ? [] : [bad('no time')]),
    ...(ph === 'M' && typeof (args as Any | undefined)?.['name'] !== 'string' ? [bad('metadata without a name')] : []),
    ...(ph !== 'M' && args !== undefined ? [bad('arguments, which would be part of the name')] : []),
    ...(['CpuProfile', 'Profile', 'ProfileChunk'].includes(name as string) ? [bad('a name of another format')] : []),
  ]
}

function threadsOf(events: readonly Any[]): readonly (readonly Any[])[] {
  const threads = new Map<string, Any[]>()
  for (const event of events.filter(({ ph }) => ph !== 'M')) {
    const key = `${String(event['pid'])} ${String(event['tid'])}`
    threads.set(key, [...(threads.get(key) ?? []), event])
  }
  return [...threads.values()]
}

function problemsOfThread(events: readonly Any[]): readonly string[] {
  const open: unknown[] = []
  const problems: string[] = []
  let before = 0
  for (const { ph, name, ts } of events) {
    if ((ts as number) < before) problems.push(`${String(name)} at ${String(ts)} comes after ${before}`)
    before = ts as number
    if (ph === 'B') open.push(name)
    else if (open.pop() !== name) problems.push(`${String(name)} ends at ${before} and is not what began last`)
  }
  return open.length === 0 ? problems : [...problems, `${open.length} frames never end`]
}
