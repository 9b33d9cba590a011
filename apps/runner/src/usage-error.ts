/** Bad input: one line for a person, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
