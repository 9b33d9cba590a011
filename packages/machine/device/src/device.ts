/** Guest time in whole nanoseconds since power-on. A double holds every one of them exactly for 104 days. */
export type Nanoseconds = number

/** The machine's one clock. It never runs by itself: the machine moves it between instructions. */
export interface Clock {
  now(): Nanoseconds
}

/** Drives one interrupt wire. Setting a level that is already there does nothing. */
export type InterruptLine = (level: boolean) => void

/** Plain data that a device wrote and only the same device reads: numbers, strings, booleans, bigints, byte arrays, lists, records. */
export type Saved =
  | number
  | string
  | boolean
  | bigint
  | null
  | Uint8Array
  | readonly Saved[]
  | { readonly [name: string]: Saved }

/** A run of I/O ports. `size` is 1, 2 or 4 bytes; `port` is absolute. */
export interface PortRange {
  readonly first: number
  readonly count: number
  /**
   * The widest access this device takes in one piece, 4 unless told. A wider one arrives in pieces of this size,
   * lowest port first, as an ISA bus splits it; a piece may then belong to the neighbour.
   */
  readonly widest?: 1 | 2 | 4
  /** The value on the bus, zero-extended. A port nobody drives reads as all ones. */
  read(port: number, size: 1 | 2 | 4): number
  write(port: number, size: 1 | 2 | 4, value: number): void
  /** Whether a byte written to a port of it goes nowhere, as long as no device is written to. Left out, it may go somewhere. */
  ignores?(port: number): boolean
  /** Until when a byte that was just read from a port of it is what is there, as long as no device is written to. Left out, it may change at any time. */
  holds?(port: number): Nanoseconds
}

/** A window of guest-physical memory that a device answers. `offset` is relative to `base`. */
export interface MmioRegion {
  base: number
  readonly length: number
  /** Zero-extended. Accesses of 8 bytes arrive as two of 4, the lower first, unless `wide` is set. */
  read(offset: number, size: 1 | 2 | 4): number
  write(offset: number, size: 1 | 2 | 4, value: number): void
}

/** A device with a deadline. The machine stops the CPU exactly at it and calls `fire`. */
export interface Timer {
  /** When this device next needs the CPU to stop, or `Infinity`. Asked again after every access to the device. */
  deadline(): Nanoseconds
  /** Called when the clock has reached the deadline. */
  fire(now: Nanoseconds): void
}

/** What every device is, whatever else it is. */
export interface Device {
  readonly name: string
  readonly ports?: readonly PortRange[]
  readonly memory?: readonly MmioRegion[]
  readonly timer?: Timer
  /** Power-on state. */
  reset(): void
  save(): Saved
  /**
   * Takes back what `save` gave. Drives no line and sends nothing: whoever is at the other end is restored as well,
   * and so is the clock.
   * @throws {RangeError} naming the device, if the data is not its own.
   */
  restore(saved: Saved): void
}
