/** Why the default guest cannot be had: one line for a person. */
export class GuestUnavailable extends Error {
  override readonly name = 'GuestUnavailable'
}
