/** What emitted code asks on behalf of a processor. */
export interface Answers {
  host(call: number): number
  derive(): void
  shadow(kind: number): void
  commit(record: number): number
  watched(record: number, linear: bigint, kind: number): number
  oddRead(record: number, tlb: number, linear: bigint, kind: number): [number, number]
  oddWrite(record: number, tlb: number, linear: bigint, kind: number): number
  deviceRead(record: number, kind: number): number
  deviceWrite(record: number, kind: number): number
  deviceReach(bytes: number, kind: number): number
  touched(physical: bigint, isStore: number): number
}
