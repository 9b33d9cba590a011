import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import { cacheDirectory } from '../default-guest/cache.ts'
import { keepModules } from '../kept-modules.ts'

const cache = cacheDirectory()
if (cache !== undefined) {
  enableCompileCache(join(cache, 'code'))
  keepModules(join(cache, 'code'))
}

const { VcpuThread } = await import('./vcpu-thread.ts')
new VcpuThread(workerData).serve()
