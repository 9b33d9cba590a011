export { createPic, type Pic, type PicOptions } from './pic.ts'
