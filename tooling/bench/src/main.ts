import { benchBoot } from './boot.ts'

const benches: Readonly<Record<string, () => Promise<void>>> = { boot: benchBoot }
const [name] = process.argv.slice(2)
const bench = benches[name ?? '']
if (bench === undefined) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')}`)
  process.exitCode = 2
} else await bench()
