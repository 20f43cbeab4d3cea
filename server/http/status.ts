/** What an error is in HTTP. */
import type { PlainError } from '../../core/index.ts';

const STATUS: Partial<Record<PlainError['code'], number>> = {
  ORIGIN_REFUSED: 403,
  TOKEN_REFUSED: 401,
  TRIES_TOO_MANY: 429,
  PATH_OUTSIDE: 403,
  NOT_YOURS: 403,
  FILE_MISSING: 404,
  JOB_UNKNOWN: 404,
  BOARD_UNKNOWN: 404,
  BOARD_FULL: 409,
  UPLOAD_TOO_LARGE: 413,
  UPLOADS_BUSY: 503,
  PICTURE_UNREADABLE: 422,
  PICTURE_OUT_OF_REACH: 404,
  PICTURE_TOO_LARGE: 422,
  FILE_WRITE: 507,
  STORE_LOST: 503,
  STORE_UNREACHABLE: 503,
  CLOSING: 503,
  INTERNAL: 500,
};
export const httpStatusOf = (code: PlainError['code']): number => STATUS[code] ?? 400;
