import { type Profile, resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { EventFd } from '../event-fd.ts'
import { type IoeventfdCase, ioeventfdFlag } from '../rules/ioeventfd/case.ts'
import { ioeventfdPipeline } from '../rules/ioeventfd/index.ts'
import type { FileKind } from '../rules/irqfd/case.ts'

/** KVM_IOEVENTFD, with the file that its number stands for. */
export interface IoeventfdCall {
  readonly datamatch?: bigint
  readonly addr: bigint
  readonly len: number
  readonly fd: EventFd | FileKind
  /** KVM_IOEVENTFD_FLAG_*. */
  readonly flags?: number
}

/** What stands at the address of a store, when it was put there: the narrower comes first, then the older. */
export interface Standing {
  readonly first: number
  readonly count: number
  readonly order: number
}

/** Who knows what stands where on a bus. */
export interface Standings {
  /** The device that a store to an address is for. */
  standingAt(address: number): Standing | undefined
}

type BusName = 'io' | 'mmio' | 'ccw'

interface Tied {
  readonly bus: BusName
  readonly address: bigint
  /** 0: any. */
  readonly length: number
  /** Undefined: any value. */
  readonly value: bigint | undefined
  readonly fd: EventFd
  readonly order: number
}

/** What eventfds of a VM go by. */
export interface IoEventFdsOptions {
  readonly kernel: Profile
  /** Devices on a bus, eventfds not counted. */
  readonly devices: (bus: 'io' | 'mmio') => number
  /** The next number in the order in which things are put on buses. */
  readonly nextOrder: () => number
}

/** The eventfds that stores of guests signal, inside KVM_RUN. Source: virt/kvm/eventfd.c (Linux 6.12). */
export class IoEventFds {
  readonly #options: IoEventFdsOptions
  readonly #call
  readonly #at = { io: new Map<number, Tied[]>(), mmio: new Map<number, Tied[]>(), ccw: new Map<number, Tied[]>() }

  constructor(options: IoEventFdsOptions) {
    this.#options = options
    this.#call = resolve(ioeventfdPipeline, options.kernel)
  }

  /** KVM_IOEVENTFD. */
  assign(call: IoeventfdCall): Answer<number> {
    const { addr, len, flags = 0, fd } = call
    const asked = this.#tied(call)
    const found = asked && this.#found(asked)
    const state: IoeventfdCase = {
      addr,
      len,
      flags,
      fd: fd instanceof EventFd ? 'eventfd' : fd,
      collides: asked !== undefined && this.#listAt(asked).some((other) => collide(asked, other)),
      tied: found !== undefined,
      devices: asked === undefined || asked.bus === 'ccw' ? 0 : this.#options.devices(asked.bus),
    }
    const outcome = run(this.#call, state)
    if (outcome.kind === 'refused') return outcome.refusal
    if (found !== undefined) this.#remove(found)
    else if (asked !== undefined) this.#add(asked)
    return done(0, outcome.unread)
  }

  /** Whether some stores to an address signal an eventfd. */
  watches(bus: 'io' | 'mmio', address: number): boolean {
    return this.#at[bus].has(address)
  }

  /** A store to memory or a port. True: an eventfd was signalled, and nobody else hears of it. */
  signalled(bus: 'io' | 'mmio', address: number, size: number, value: number | bigint, standings: Standings): boolean {
    const tied = this.#at[bus].get(address)
    const hit = tied?.find(
      ({ length, value: wanted }) =>
        length === 0 ||
        (length === size && (wanted === undefined || wanted === BigInt.asUintN(8 * size, BigInt(value)))),
    )
    if (hit === undefined || comesBefore(standings.standingAt(address), hit, address, size)) return false
    hit.fd.signal()
    return true
  }

  /** Undefined where there is no eventfd to tie or untie. */
  #tied({ addr, len, flags = 0, fd, datamatch = 0n }: IoeventfdCall): Tied | undefined {
    if (!(fd instanceof EventFd)) return undefined
    const value = (flags & ioeventfdFlag.datamatch) === 0 ? undefined : datamatch
    return { bus: busOf(flags), address: addr, length: len, value, fd, order: this.#options.nextOrder() }
  }

  #found(asked: Tied): Tied | undefined {
    return this.#listAt(asked).find(
      ({ length, value, fd }) => length === asked.length && value === asked.value && fd === asked.fd,
    )
  }

  #listAt({ bus, address }: Tied): readonly Tied[] {
    return (this.#at[bus].get(Number(address)) ?? []).filter((other) => other.address === address)
  }

  #add(tied: Tied): void {
    const at = Number(tied.address)
    this.#at[tied.bus].set(at, [...(this.#at[tied.bus].get(at) ?? []), tied])
  }

  #remove(tied: Tied): void {
    const at = Number(tied.address)
    const left = (this.#at[tied.bus].get(at) ?? []).filter((other) => other !== tied)
    if (left.length > 0) this.#at[tied.bus].set(at, left)
    else this.#at[tied.bus].delete(at)
  }
}

function busOf(flags: number): BusName {
  if ((flags & ioeventfdFlag.pio) !== 0) return 'io'
  return (flags & ioeventfdFlag.virtioCcwNotify) === 0 ? 'mmio' : 'ccw'
}

/** Whether some store would signal both. */
function collide(one: Tied, other: Tied): boolean {
  if (one.length === 0 || other.length === 0) return true
  if (one.length !== other.length) return false
  return one.value === undefined || other.value === undefined || one.value === other.value
}

/** Whether a device hears of a store before an eventfd does. Source: virt/kvm/kvm_main.c kvm_io_bus_cmp (Linux 6.12). */
function comesBefore(device: Standing | undefined, tied: Tied, address: number, size: number): boolean {
  if (device === undefined || address + size > device.first + device.count) return false
  if (device.first < address) return true
  const sameLength = tied.length === 0 || tied.length === device.count
  return sameLength && device.order < tied.order
}
