import type { TokenTable } from './token-table.ts'

/** The compressed names of a kernel's symbols: where they begin, where they end, and how many they are. */
export interface NameTable {
  readonly at: number
  /** Behind the markers, which follow the names. */
  readonly end: number
  readonly count: number
}

/** Symbols from one marker to the next, and the bytes that so many names have. */
const perMarker = 256
const [shortestRun, longestRun] = [perMarker * 2, perMarker * 514]
/** Fewer markers than this no kernel has, and too much looks like them. */
const fewestMarkers = 3
/** Between markers and words there may be a list of so many bytes: what 2^20 symbols have. */
const farthest = 4 << 20
const padding = 8

/**
 * Finds the names before a table of words: the count, the names, and for each 256th where it begins. What is between them and
 * the words differs from release to release; how they fit together does not.
 * Source: scripts/kallsyms.c, write_src (Linux 6.1, 6.12).
 */
export function findNames(view: DataView, { at: words }: TokenTable): NameTable | undefined {
  for (let at = words - fewestMarkers * 4; at >= Math.max(0, words - farthest); at -= 4) {
    if (view.getUint32(at, true) !== 0) continue
    const markers = markersAt(view, at, words)
    if (markers < fewestMarkers) continue
    const found = namesBefore(view, at, markers)
    if (found !== undefined) return found
  }
  return undefined
}

/** How many numbers from `at` on could be markers. */
function markersAt(view: DataView, at: number, end: number): number {
  let count = 1
  for (let next = at + 4; next < end; next += 4, count += 1) {
    const run = view.getUint32(next, true) - view.getUint32(next - 4, true)
    if (run < shortestRun || run > longestRun) break
  }
  return count
}

/** The names that end where their markers begin, if there are any. What follows the markers may look like one more. */
function namesBefore(view: DataView, markersAt: number, most: number): NameTable | undefined {
  for (let markers = most; markers >= Math.max(fewestMarkers, most - 1); markers -= 1) {
    const last = view.getUint32(markersAt + (markers - 1) * 4, true)
    for (let at = (markersAt - last - 4) & ~3; at >= Math.max(8, markersAt - last - longestRun); at -= 4) {
      for (const gap of [8, 4]) {
        const count = view.getUint32(at - gap, true)
        if (Math.ceil(count / perMarker) !== markers) continue
        if (fits(view, { at, count, markersAt, markers })) return { at, count, end: markersAt + markers * 4 }
      }
    }
  }
  return undefined
}

interface Guess {
  readonly at: number
  readonly count: number
  readonly markersAt: number
  readonly markers: number
}

/** Whether names from one marker on come to the next one, and those from the last one on to the markers. */
function fits(view: DataView, { at, count, markersAt, markers }: Guess): boolean {
  const marker = (index: number) => at + view.getUint32(markersAt + index * 4, true)
  const tail = nameAfter(view, marker(markers - 1), count - (markers - 1) * perMarker, markersAt)
  if (tail > markersAt || markersAt - tail >= padding) return false
  for (let index = 1; index < markers; index += 1)
    if (nameAfter(view, marker(index - 1), perMarker, markersAt) !== marker(index)) return false
  return true
}

function nameAfter(view: DataView, from: number, names: number, end: number): number {
  let at = from
  for (let left = names; left > 0 && at < end; left -= 1) at += lengthAt(view, at).whole
  return at
}

/** Bytes of a name, and of it with its length: a byte, or two if the first one's highest bit is set. */
function lengthAt(view: DataView, at: number): { readonly length: number; readonly whole: number } {
  const first = view.getUint8(at)
  if (first < 0x80) return { length: first, whole: first + 1 }
  const length = (first & 0x7f) | (view.getUint8(at + 1) << 7)
  return { length, whole: length + 2 }
}

/** A name with the letter of its kind before it, as `nm` has it. */
export type KindAndName = string

/** All names, in their order. */
export function readNames(view: DataView, { at: from, count }: NameTable, { tokens }: TokenTable): KindAndName[] {
  const names: string[] = []
  for (let at = from; names.length < count; ) {
    const { length, whole } = lengthAt(view, at)
    let name = ''
    for (let byte = at + whole - length; byte < at + whole; byte += 1) name += tokens[view.getUint8(byte)]!
    names.push(name)
    at += whole
  }
  return names
}
