export { modelOfHost } from './guest-model.ts'
export { type FoundHost, hostNamed } from './host-named.ts'
export type { NamedHost } from './host-row.ts'
export { namedHosts } from './hosts/all.ts'
