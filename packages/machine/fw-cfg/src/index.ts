export { createFwCfg, type FwCfg, type FwCfgMemory, type FwCfgOptions, fwCfgKey } from './fw-cfg.ts'
