export { type AmdVolume, apm, cite, commit, kernelDoc, kernelSource, mail, probe, type SdmVolume, type Source, sdm, sdmEdition, spec } from './source.ts'
