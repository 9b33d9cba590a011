import { withField } from '@vmm/bits'
import { rflags, type StateField } from '@vmm/x86-registers'
import type { FlagName, InsCase, Item } from './case.ts'
import { backgroundGpr, backgroundYmm, type Environment } from './environments.ts'

/** All state that a case can speak of. */
export interface State {
  readonly gprs: bigint[]
  /** 256 bits each. */
  readonly vectors: bigint[]
  /** 80 bits each, by physical number. */
  readonly x87: bigint[]
  readonly fields: Map<StateField, bigint>
  rflags: bigint
  /** Bytes that are not zero before the case, or that it changed. */
  readonly memory: Map<number, number>
}

/** The state of an environment in which nothing has been said yet. */
function stateOf(environment: Environment): State {
  return {
    gprs: Array.from({ length: 16 }, (_, index) => backgroundGpr(environment, index)),
    vectors: Array.from({ length: 16 }, (_, index) => backgroundYmm(index)),
    x87: Array.from({ length: 8 }, () => 0n),
    fields: new Map(environment.fields),
    rflags: environment.rflags,
    memory: new Map(),
  }
}

/** A copy to change. */
function copyOf(state: State): State {
  return {
    gprs: [...state.gprs],
    vectors: [...state.vectors],
    x87: [...state.x87],
    fields: new Map(state.fields),
    rflags: state.rflags,
    memory: new Map(state.memory),
  }
}

/** The mask of a flag. */
export const flagMask = (flag: FlagName): bigint => 1n << BigInt(rflags[flag].low)

/** Makes an item true of a state. Ports and MSRs are the surroundings' and no part of it. */
function put(state: State, item: Item): void {
  switch (item.kind) {
    case 'gpr':
      state.gprs[item.index] = withPart(state.gprs[item.index]!, item)
      return
    case 'xmm':
      state.vectors[item.index] = ((state.vectors[item.index]! >> 128n) << 128n) | item.value
      return
    case 'ymm':
      state.vectors[item.index] = item.value
      return
    case 'mm':
      // as MMX instructions write: sign and exponent are all ones. SDM 1 §9.2.1
      state.x87[item.index] = (0xffffn << 64n) | item.value
      return
    case 'st':
      state.x87[(top(state) + item.index) & 7] = item.value
      return
    case 'field':
      state.fields.set(item.field, item.value)
      return
    case 'iopl':
      state.rflags = withField(state.rflags, rflags.IOPL, item.value)
      return
    case 'flag':
      state.rflags = item.value ? state.rflags | flagMask(item.flag) : state.rflags & ~flagMask(item.flag)
      return
    case 'memory':
      item.bytes.forEach((byte, at) => {
        state.memory.set(item.address + at, byte)
      })
      return
    default:
  }
}

const top = (state: State): number => Number((state.fields.get('FSW') ?? 0n) >> 11n) & 7

/** A write of 32 bits clears what is above, narrower ones keep it, as the processor does. */
function withPart(old: bigint, { width, highByte, value }: Extract<Item, { kind: 'gpr' }>): bigint {
  if (width >= 32) return value
  const shift = highByte ? 8n : 0n
  const mask = ((1n << BigInt(width)) - 1n) << shift
  return (old & ~mask) | (value << shift)
}

/** The state before a case: the environment, the code, what the case says. */
export function before(one: InsCase, environment: Environment): State {
  const state = stateOf(environment)
  // FSW first: ST registers are counted from its TOP
  const first = (item: Item) => item.kind === 'field' && item.field === 'FSW'
  for (const item of [...one.before.filter(first), ...one.before.filter((item) => !first(item))]) put(state, item)
  return state
}

/** The state that a case expects: nothing but what it says has changed, and RIP is behind the instruction or at a fault. */
export function after(one: InsCase, environment: Environment): State {
  const state = copyOf(before(one, environment))
  if (one.ending.kind !== 'fault') {
    const next = state.fields.get('RIP')! + BigInt(one.bytes.length)
    state.fields.set('RIP', environment.codeSize === 64 ? next : next & 0xffff_ffffn)
  }
  const first = (item: Item) => item.kind === 'field' && item.field === 'FSW'
  for (const item of [...one.after.filter(first), ...one.after.filter((item) => !first(item))]) put(state, item)
  return state
}
