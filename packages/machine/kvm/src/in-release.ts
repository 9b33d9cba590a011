import { type Behaviour, deedInForce, type Profile } from '@vmm/rule'

/**
 * What a behaviour does in a release; where nobody has read which of two versions holds, the older.
 * @throws {RangeError} if it is in no release like this one.
 */
export function inRelease<In, Out>(behaviour: Behaviour<In, Out>, kernel: Profile): (given: In) => Out {
  const deed = deedInForce(behaviour, kernel)
  if (deed === undefined) throw new RangeError(`${behaviour.id} is in no release like ${kernel.kernel}`)
  return deed
}
