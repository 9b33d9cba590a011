import type { Attribute, OpcodeRow } from '@vmm/x86-opcodes'

/** What a row's attributes say of it, as decoding asks it. */
export interface AttributeFacts {
  readonly noRexB: boolean
  /** Without 66H. */
  readonly no66: boolean
  /** ModRM.mod means nothing: there is neither SIB nor displacement. */
  readonly anyMod: boolean
  readonly only64: boolean
  readonly not64: boolean
  readonly default64: boolean
  readonly force64: boolean
  readonly lock: boolean
  readonly rep: 'none' | 'rep' | 'repz'
  /** There is no form with vectors of 128 bits. */
  readonly wide: boolean
  readonly distinct: 'none' | 'all' | 'first'
  /** What EVEX may say: of the mask, of an element to broadcast (its bytes, or 0), of rounding. */
  readonly mask: 'none' | 'merge' | 'zero' | 'needed'
  readonly broadcastBytes: number
  readonly rounding: 'none' | 'sae' | 'er' | 'ignored'
  /** Bytes that an 8-bit displacement counts; undefined: as many as there are in memory. */
  readonly elementBytes: number | undefined
  readonly newDestination: boolean
  /** What EVEX.NF may be. */
  readonly nf: 'clear' | 'any' | 'set'
  /** EVEX has a condition and flags. */
  readonly conditional: boolean
  readonly noRex2: boolean
  /** None of its registers may be RSP. */
  readonly notSp: boolean
  readonly rm0: boolean
  readonly ripOnly: boolean
  readonly notRip: boolean
  readonly no16: boolean
}

const broadcasts = { b16: 2, b32: 4, b64: 8 } as const
const elements = { n8: 1, n16: 2, n32: 4, n64: 8 } as const

const known = new Map<OpcodeRow['attributes'], AttributeFacts>()

/** What attributes say, found once for each list of them: rows that have the same share it. */
export function factsOf(attributes: OpcodeRow['attributes']): AttributeFacts {
  let facts = known.get(attributes)
  if (facts === undefined) {
    facts = read(attributes)
    known.set(attributes, facts)
  }
  return facts
}

function read(attributes: OpcodeRow['attributes']): AttributeFacts {
  const has = (attribute: Attribute) => attributes.includes(attribute)
  return {
    ...{ noRexB: has('noRexB'), no66: has('no66'), anyMod: has('anyMod') },
    ...{ only64: has('only64'), not64: has('not64'), default64: has('default64'), force64: has('force64') },
    ...{ lock: has('lock'), wide: has('wide') },
    rep: has('rep') ? 'rep' : has('repz') ? 'repz' : 'none',
    distinct: has('distinct') ? 'all' : has('distinctFirst') ? 'first' : 'none',
    ...evexFacts(attributes),
    newDestination: has('nd'),
    nf: has('nf1') ? 'set' : has('nf') ? 'any' : 'clear',
    ...{ conditional: has('scc'), noRex2: has('noRex2'), notSp: has('notSp') },
    ...{ rm0: has('rm0'), ripOnly: has('ripOnly'), notRip: has('notRip'), no16: has('no16') },
  }
}

/** Source: SDM 2A §2.7. */
function evexFacts(attributes: OpcodeRow['attributes']) {
  const has = (attribute: Attribute) => attributes.includes(attribute)
  const bytesOf = <N extends Attribute>(table: Readonly<Record<N, number>>): number | undefined =>
    table[attributes.find((attribute): attribute is N => attribute in table) as N]
  return {
    mask: has('maskNeeded') ? 'needed' : has('maskz') ? 'zero' : has('mask') ? 'merge' : 'none',
    broadcastBytes: bytesOf(broadcasts) ?? 0,
    rounding: has('er') ? 'er' : has('sae') ? 'sae' : has('erIgnored') ? 'ignored' : 'none',
    elementBytes: bytesOf(elements),
  } as const
}
