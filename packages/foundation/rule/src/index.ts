export { auditBehaviour, auditPipeline, auditRule, profilesOf } from './audit.ts'
export {
  type Behaviour,
  behaviour,
  deedInForce,
  deedOf,
  type InForce,
  type Version,
  versionInForce,
} from './behaviour.ts'
export { type Difference, differencesBetween, entryInForce } from './compare.ts'
export {
  behaviourEntry,
  type Entry,
  type EntryStep,
  type EntryVersion,
  pipelineEntries,
  type WitnessAnswer,
} from './entry.ts'
export { type Errno, errnos } from './errno.rows.ts'
export {
  compareVersions,
  type KernelVersion,
  knownSeries,
  numbers,
  type ReadVersion,
  type Release,
  readVersion,
  type Series,
  seriesOf,
} from './kernel-version.ts'
export {
  type Answer,
  always,
  between,
  type Edge,
  inForce,
  type Lifetime,
  type ProposedLifetime,
  type ReleasedLifetime,
  type StableEdge,
  since,
  tellLifetime,
  type UnreadEdge,
  until,
} from './lifetime.ts'
export {
  type Act,
  type Check,
  type End,
  type Outcome,
  type Pipeline,
  promiseOf,
  type ResolvedPipeline,
  type ResolvedStep,
  refusalOf,
  resolve,
  run,
  type Step,
  type Undone,
} from './pipeline.ts'
export { type Profile, profileOf, type ReadProfile, readProfile, tellProfile } from './profile.ts'
export { type Refusal, refusalBy, returnOf } from './refusal.ts'
export { type ReleaseRow, releases } from './releases.rows.ts'
export { type Evidence, type Promised, type ReleasedBug, type Rule, rule, type Sources } from './rule.ts'
