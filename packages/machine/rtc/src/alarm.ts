/** Hour, minute and second at which an alarm goes off; -1 is every one of them. */
export interface Alarm {
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const isPossible = ({ hour, minute, second }: Alarm): boolean => hour < 24 && minute < 60 && second < 60

/** Seconds until the alarm next goes off, from a second of the day on (0 when it is this one); `Infinity` if it never does. */
export function secondsUntil(alarm: Alarm, secondOfDay: number): number {
  if (!isPossible(alarm)) return Number.POSITIVE_INFINITY
  const firstHour = Math.floor(secondOfDay / 3600)
  for (let step = 0; step <= 24; step++) {
    const hour = (firstHour + step) % 24
    if (alarm.hour >= 0 && alarm.hour !== hour) continue
    const found = firstInHour(alarm, step === 0 ? secondOfDay % 3600 : 0)
    if (found >= 0) return (firstHour + step) * 3600 + found - secondOfDay
  }
  return Number.POSITIVE_INFINITY
}

/** The first second of an hour, at or after `from`, at which minute and second match; -1 if there is none. */
function firstInHour(alarm: Alarm, from: number): number {
  const firstMinute = Math.floor(from / 60)
  for (let minute = firstMinute; minute < 60; minute++) {
    if (alarm.minute >= 0 && alarm.minute !== minute) continue
    const earliest = minute === firstMinute ? from % 60 : 0
    if (alarm.second < 0) return minute * 60 + earliest
    if (alarm.second >= earliest) return minute * 60 + alarm.second
  }
  return -1
}
