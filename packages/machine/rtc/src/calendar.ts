/** A moment as a clock with hands shows it. Months and days begin at 1, the day of the week at 1 for Sunday. */
export interface CivilTime {
  readonly second: number
  readonly minute: number
  readonly hour: number
  readonly weekday: number
  readonly day: number
  readonly month: number
  readonly year: number
}

const daysIn400Years = 146_097
/** Days from 0000-03-01 to 1970-01-01. */
const epochShift = 719_468

/** Days since 1970-01-01 of a date in the Gregorian calendar; months and days out of range count on. */
function daysOf(year: number, month: number, day: number): number {
  const marchBased = month - 3
  const years = year + Math.floor(marchBased / 12)
  const monthInYear = ((marchBased % 12) + 12) % 12
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  return years * 365 + leapDays + Math.floor((153 * monthInYear + 2) / 5) + day - 1 - epochShift
}

/** Seconds since 1970-01-01T00:00:00Z. Fields out of range count on, as hands would. */
export function secondsOf(time: Omit<CivilTime, 'weekday'>): number {
  const days = daysOf(time.year, time.month, time.day)
  return ((days * 24 + time.hour) * 60 + time.minute) * 60 + time.second
}

/** The other way round. */
export function civilTimeOf(seconds: number): CivilTime {
  const days = Math.floor(seconds / 86_400)
  const rest = seconds - days * 86_400
  const shifted = days + epochShift
  const era = Math.floor(shifted / daysIn400Years)
  const dayOfEra = shifted - era * daysIn400Years
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    second: rest % 60,
    minute: Math.floor(rest / 60) % 60,
    hour: Math.floor(rest / 3600),
    weekday: ((((days + 4) % 7) + 7) % 7) + 1,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    month,
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
  }
}
