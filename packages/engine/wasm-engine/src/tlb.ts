import { pageFact } from '@vmm/x86-paging'
import type { TranslationSpace } from '@vmm/x86-registers'
import {
  astrideBlocks,
  astrideBytes,
  at,
  devicePageBytes,
  fillLogEntries,
  fillLogOffset,
  holdsLargePages,
  inDevicePage,
  jumpEntries,
  jumpEntryBytes,
  tlbContextBytes,
  tlbContexts,
  tlbEntries,
  tlbEntryBytes,
  tlbKinds,
  tlbPrivilegeBytes,
  tlbViewBytes,
} from './state-layout.ts'
import { TablesUnderEpt } from './tables-under-ept.ts'
import { type SavedTranslations, spaceOfTag, TranslationSpaces, tagOfSpace } from './translation-spaces.ts'

const privileges = 3
/** One context more than there are PCIDs kept: its data views stay empty, for when every access must be looked at. */
const watchingContext = tlbContexts
/** Of the upper half of an address: what no metadata can be in. */
const untranslated = 0x7fff
const allOnes = (1n << 64n) - 1n
/** After it generations are counted from the beginning. */
const newest = 0xffff_ffff

/**
 * The TLB contexts of one vCPU: translations by PCID. Entries are in linear memory, where emitted code probes them, and so is what
 * it needs to go from one context to another; here is everything that invalidates.
 */
export class TlbContexts {
  readonly #cpu: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #words: Int32Array
  /** PCID by context, or -1 where nothing is kept. */
  readonly #tags: Int32Array
  /** When each was last used. */
  readonly #used: Uint32Array
  /** Of what was looked up in each: older generations must be looked up again. */
  readonly #generations: Uint32Array
  /** Contexts whose entries have been written: what nobody has used yet costs no memory. */
  readonly #everUsed = new Set<number>()
  readonly #spaces = new TranslationSpaces()
  readonly #tables: TablesUnderEpt
  /** How often all or some of it was forgotten, but for what emitted code forgot. */
  flushes = 0

  constructor(cpu: number, buffer: SharedArrayBuffer) {
    this.#cpu = cpu
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#tables = new TablesUnderEpt(cpu, buffer)
    this.#words = new Int32Array(buffer)
    this.#tags = new Int32Array(buffer, cpu + at.contextTags, tlbContexts).fill(-1)
    this.#used = new Uint32Array(buffer, cpu + at.contextStamps, tlbContexts)
    this.#generations = new Uint32Array(buffer, cpu + at.contextGenerations, tlbContexts)
    this.#wipe(0)
    this.#tags[0] = 0
    this.#renewAll()
    this.#enter(0)
  }

  /** Whose translations are used and made: the context of a PCID among those of a space. */
  useSpace(space: TranslationSpace, pcid: number, masking: number): void {
    this.maskBy(masking)
    const number = this.#spaces.numberOf(space, this.#isSpaceKept)
    this.#view.setUint32(this.#cpu + at.contextSpace, tagOfSpace(number), true)
    this.#tables.use(space)
    this.use(pcid, true)
  }

  /** Entries are found by addresses with their metadata: what was made under another masking is forgotten. */
  maskBy(masking: number): void {
    if (this.#view.getUint32(this.#cpu + at.masking, true) === masking) return
    this.#view.setUint32(this.#cpu + at.masking, masking, true)
    this.flushAll()
  }

  /** EPT let a translation not be made: nothing is remembered of what it would have used. Source: SDM 3C §29.4.3.1. */
  refused(linear: bigint): void {
    const { vpid, eptp } = this.#spaces.of(this.#space())
    this.flushSpaces((space) => space.vpid === vpid && space.eptp === eptp, linear)
  }

  /** What such spaces have is forgotten, or what they have of one linear address. */
  flushSpaces(which: (space: TranslationSpace) => boolean, linear?: bigint): void {
    this.flushes += 1
    this.#tags.forEach((tag, context) => {
      if (tag < 0 || !which(this.#spaces.of(spaceOfTag(tag)))) return
      if (linear === undefined) this.#clear(context)
      else this.#flushPageIn(context, linear)
      this.#renew(context)
    })
    this.#tables.forget()
    this.#forgetWatching()
  }

  /** The watching context is in use: whatever is flushed, it is too. */
  watching = false

  /** Where the views of the context in use begin, for a privilege. */
  views(privilege: number): number {
    return this.#base(this.#current()) + privilege * tlbPrivilegeBytes
  }

  /** The views that never hold data, for a privilege. */
  watchingViews(privilege: number): number {
    return this.#base(watchingContext) + privilege * tlbPrivilegeBytes
  }

  /** Uses the context of a PCID in the space in use; a new one takes the place of the one unused for longest. */
  use(pcid: number, keep: boolean): void {
    const wanted = this.#tagOf(pcid)
    let context = this.#contextOf(wanted)
    if (context < 0) {
      context = this.#tags.indexOf(-1)
      if (context < 0) context = this.#used.indexOf(Math.min(...this.#used))
      if (this.#everUsed.has(context)) this.#clear(context)
      else this.#wipe(context)
      this.#tags[context] = wanted
      this.#renew(context)
    } else if (!keep) {
      this.flushes += 1
      this.#clear(context)
      this.#renew(context)
    }
    this.#used[context] = this.#tick()
    this.#enter(context)
    this.#forgetWatching()
  }

  /** The context of a tag, or below zero: `indexOf` of so few numbers takes longer. */
  #contextOf(wanted: number): number {
    const tags = this.#tags
    for (let context = 0; context < tlbContexts; context += 1) if (tags[context] === wanted) return context
    return -1
  }

  readonly #isSpaceKept = (number: number): boolean => this.#tags.some((tag) => tag >= 0 && spaceOfTag(tag) === number)

  /** Everything that is remembered of page tables. */
  save(): SavedTranslations {
    // who takes it back does not know of them
    this.#forgetDevicePages()
    const entries = new Uint8Array(this.#inUse().length * tlbContextBytes)
    for (const [at, context] of this.#inUse().entries()) entries.set(this.#entriesOf(context), at * tlbContextBytes)
    const clock = this.#view.getUint32(this.#cpu + at.contextClock, true)
    const spaces = this.#spaces.save(this.#space())
    const masking = this.#view.getUint32(this.#cpu + at.masking, true)
    return { tags: [...this.#tags], used: [...this.#used], clock, current: this.#current(), entries, spaces, masking }
  }

  /** Takes back what `save` gave, on an engine with the same memory. */
  restore(saved: SavedTranslations): void {
    const kept = saved.tags.flatMap((tag, context) => (tag >= 0 ? [context] : []))
    for (const context of new Set([...this.#everUsed, ...kept, watchingContext])) this.#wipe(context)
    for (let context = 0; context < tlbContexts; context += 1) {
      this.#tags[context] = saved.tags[context] ?? -1
      this.#used[context] = saved.used[context] ?? 0
    }
    this.#view.setUint32(this.#cpu + at.contextClock, saved.clock, true)
    this.#view.setUint32(this.#cpu + at.masking, saved.masking ?? 0, true)
    this.#view.setUint32(this.#cpu + at.contextSpace, tagOfSpace(this.#spaces.restore(saved.spaces)), true)
    this.#enter(saved.current)
    for (const [at, context] of this.#inUse().entries())
      this.#entriesOf(context).set(saved.entries.subarray(at * tlbContextBytes, (at + 1) * tlbContextBytes))
    this.#tables.forget()
    this.dropJumps()
    this.#renewAll()
  }

  #inUse(): readonly number[] {
    return [...this.#tags].flatMap((tag, context) => (tag >= 0 ? [context] : []))
  }

  #entriesOf(context: number): Uint8Array {
    const base = this.#base(context)
    return this.#bytes.subarray(base, base + tlbContextBytes)
  }

  /** Everything is forgotten, global pages too. */
  flushAll(): void {
    this.flushes += 1
    const current = this.#current()
    this.#tags.forEach((tag, context) => {
      if (tag >= 0) this.#clear(context)
      if (context !== current) this.#tags[context] = -1
    })
    this.#tables.forget()
    this.#renewAll()
  }

  flushCurrent(): void {
    this.flushes += 1
    this.#clear(this.#current())
    this.#renew(this.#current())
    this.#forgetWatching()
  }

  flushPcid(pcid: number): void {
    this.flushes += 1
    const context = this.#tags.indexOf(this.#tagOf(pcid))
    if (context < 0) return
    this.#clear(context)
    this.#renew(context)
    this.#forgetWatching()
  }

  /**
   * Translations of one page go, in every context: global pages are in all of them. Of a large page every piece goes, and
   * with it pieces of other large pages of the same GiB.
   */
  flushPage(linear: bigint): void {
    this.flushes += 1
    this.#tags.forEach((tag, context) => {
      if (tag >= 0) this.#flushPageIn(context, linear)
    })
    this.#renewAll()
  }

  #flushPageIn(context: number, linear: bigint): void {
    const index = Number((linear >> 12n) & BigInt(tlbEntries - 1)) * tlbEntryBytes
    for (let view = index; view < fillLogOffset; view += tlbViewBytes)
      this.#invalidate(context, this.#base(context) + view)
    this.#flushPieces(context, linear)
  }

  #flushPieces(context: number, linear: bigint): void {
    const [low, high] = [Number((linear >> 30n) & 3n), Number(BigInt.asIntN(32, linear >> 32n))]
    const isPiece = (entry: number) =>
      this.#words[(entry >>> 2) + 3] === pageFact.large &&
      this.#words[entry >>> 2]! >>> 30 === low &&
      ((this.#words[(entry >>> 2) + 1]! ^ high) & untranslated) === 0
    const base = this.#base(context)
    const logged = this.#logged(context)
    if (logged === undefined) {
      for (let entry = base; entry < base + fillLogOffset; entry += tlbEntryBytes)
        if (isPiece(entry)) this.#invalidate(context, entry)
    } else for (const entry of logged) if (isPiece(entry)) this.#invalidate(context, entry)
  }

  /** A page leaves the write views: the next store to it is looked at again. `page` is its address in linear memory. */
  dropWrites(page: number): void {
    this.#tags.forEach((tag, context) => {
      if (tag < 0) return
      const entries = this.#logged(context)
      if (entries === undefined) this.#wipeWrites(context)
      else for (const entry of entries) if (this.#isWriteTo(page, context, entry)) this.#invalidate(context, entry)
    })
  }

  /** Every page leaves the write views. */
  dropEveryWrite(): void {
    this.#tags.forEach((tag, context) => {
      if (tag >= 0) this.#wipeWrites(context)
    })
  }

  #isWriteTo(page: number, context: number, entry: number): boolean {
    const inPrivilege = (entry - this.#base(context)) % tlbPrivilegeBytes
    if (inPrivilege < tlbKinds.write || inPrivilege >= tlbKinds.write + tlbViewBytes) return false
    return ((this.#view.getInt32(entry, true) + this.#view.getInt32(entry + 8, true)) | 0) === (page | 0)
  }

  #wipeWrites(context: number): void {
    for (let privilege = 0; privilege < privileges; privilege += 1)
      this.#wipeView(this.#base(context) + privilege * tlbPrivilegeBytes + tlbKinds.write)
  }

  /** Jump caches, and what is known of instructions in two pages, name blocks that are gone: they are emptied. */
  dropJumps(): void {
    for (const context of this.#everUsed)
      if (context !== watchingContext) this.#bytes.fill(0, this.#jumpCache(context), this.#jumpCache(context + 1))
    this.#bytes.fill(0, this.#cpu + at.astride, this.#cpu + at.astride + astrideBlocks * astrideBytes)
  }

  /** Code that was looked up by its address must be looked up again, in every context. */
  bumpJumps(): void {
    this.#renewAll()
  }

  #renewAll(): void {
    for (let context = 0; context < tlbContexts; context += 1) this.#renew(context)
    this.#forgetWatching()
  }

  /** What was looked up in a context is of an older generation now. */
  #renew(context: number): void {
    const place = this.#cpu + at.lastGeneration
    // no number is ever that of an older generation again
    if (this.#view.getUint32(place, true) === newest) this.#beginGenerations()
    const generation = this.#view.getUint32(place, true) + 1
    this.#view.setUint32(place, generation, true)
    this.#generations[context] = generation
    if (context === this.#current()) this.#view.setUint32(this.#cpu + at.jumpGeneration, generation, true)
  }

  #beginGenerations(): void {
    this.dropJumps()
    this.#view.setUint32(this.#cpu + at.lastGeneration, 0, true)
  }

  /** Emitted code translates and looks up in a context from now on. */
  #enter(context: number): void {
    const base = this.#base(context)
    const jumpCache = this.#jumpCache(context)
    this.#view.setUint32(this.#cpu + at.context, base, true)
    this.#view.setUint32(this.#cpu + at.fillLog, base + fillLogOffset, true)
    this.#view.setUint32(this.#cpu + at.jumpCache, jumpCache, true)
    this.#view.setUint32(this.#cpu + at.jumpGeneration, this.#generations[context]!, true)
  }

  #current(): number {
    return (this.#view.getUint32(this.#cpu + at.context, true) - this.#base(0)) / tlbContextBytes
  }

  /** The space in use, by its number. */
  #space(): number {
    return spaceOfTag(this.#view.getUint32(this.#cpu + at.contextSpace, true))
  }

  #tagOf(pcid: number): number {
    return pcid | tagOfSpace(this.#space())
  }

  #tick(): number {
    const place = this.#cpu + at.contextClock
    const now = (this.#view.getUint32(place, true) + 1) >>> 0
    this.#view.setUint32(place, now, true)
    return now
  }

  #forgetDevicePages(): void {
    for (const page of [0, devicePageBytes])
      this.#view.setUint32(this.#cpu + at.devicePages + page + inDevicePage.generation, 0, true)
  }

  #forgetWatching(): void {
    if (this.watching) this.#wipe(watchingContext)
  }

  #jumpCache(context: number): number {
    return this.#cpu + at.jumpCaches + context * jumpEntries * jumpEntryBytes
  }

  #base(context: number): number {
    return this.#cpu + at.contexts + context * tlbContextBytes
  }

  /** Where the entries are that were made since the context was empty, or undefined if there were too many. */
  #logged(context: number): Uint32Array | undefined {
    const log = this.#base(context) + fillLogOffset
    const count = this.#view.getInt32(log, true) & ~holdsLargePages
    return count > fillLogEntries ? undefined : new Uint32Array(this.#bytes.buffer, log + 4, count)
  }

  /** Takes out what was entered. */
  #clear(context: number): void {
    const entries = this.#logged(context)
    if (entries === undefined) return this.#wipe(context)
    for (const entry of entries) this.#invalidate(context, entry)
    this.#view.setUint32(this.#base(context) + fillLogOffset, 0, true)
  }

  /** All ones match no address but the last page's, whose entry is the last one: that one gets a tag of page 0. */
  #invalidate(context: number, entry: number): void {
    const inView = (entry - this.#base(context)) % tlbViewBytes
    this.#view.setBigUint64(entry, inView === tlbViewBytes - tlbEntryBytes ? 0n : allOnes, true)
  }

  #wipe(context: number): void {
    this.#everUsed.add(context)
    const base = this.#base(context)
    for (let view = 0; view < fillLogOffset; view += tlbViewBytes) this.#wipeView(base + view)
    this.#view.setUint32(base + fillLogOffset, 0, true)
  }

  #wipeView(view: number): void {
    this.#bytes.fill(0xff, view, view + tlbViewBytes)
    this.#view.setBigUint64(view + tlbViewBytes - tlbEntryBytes, 0n, true)
  }
}
