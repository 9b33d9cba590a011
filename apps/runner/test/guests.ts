import { beforeAll, test } from 'vitest'
import { defaultGuest, type Guest } from '../src/default-guest/guest.ts'

const required = process.env['VMM_REQUIRE_GUESTS'] === '1'
let guest: Guest | undefined
let unavailable = ''

/** To be called once in a file of tests that need Debian's kernel: gets it, or has the reason why not printed. */
export function needsGuest(): void {
  beforeAll(async () => {
    try {
      guest = await defaultGuest(() => {})
    } catch (error) {
      if (required) throw error
      unavailable = (error as Error).message
      console.log(`skipped: no default guest: ${unavailable}`)
    }
  })
}

/** A test that gets the default guest, and is skipped where there is none. */
export function guestTest(name: string, body: (guest: Guest) => Promise<void>): void {
  test(name, async (context) => (guest === undefined ? context.skip(unavailable) : body(guest)))
}
