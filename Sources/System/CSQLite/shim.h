#ifndef ROOST_CSQLITE_SHIM_H
#define ROOST_CSQLITE_SHIM_H

#include <sqlite3.h>

// Swift imports neither variadic functions nor function-pointer macros.

static inline int roost_sqlite3_memstatus_off(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/// Binds text that SQLite copies at once (SQLITE_TRANSIENT).
static inline int roost_sqlite3_bind_text_copy(sqlite3_stmt *statement, int index, const char *bytes, long long count) {
  return sqlite3_bind_text64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Binds text that must stay alive until the statement is stepped to its end or rebound (SQLITE_STATIC).
static inline int roost_sqlite3_bind_text_static(sqlite3_stmt *statement, int index, const char *bytes, long long count) {
  return sqlite3_bind_text64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_STATIC, SQLITE_UTF8);
}

static inline int roost_sqlite3_bind_blob_copy(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
  return sqlite3_bind_blob64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_TRANSIENT);
}

static inline int roost_sqlite3_bind_blob_static(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
  return sqlite3_bind_blob64(statement, index, bytes, (sqlite3_uint64)count, SQLITE_STATIC);
}

/// One of the switches of a connection, such as SQLITE_DBCONFIG_DEFENSIVE.
static inline int roost_sqlite3_switch(sqlite3 *database, int option, int on) {
  return sqlite3_db_config(database, option, on, (int *)0);
}

/// The full-text engine's own interface; null without FTS5.
static inline fts5_api *roost_fts5(sqlite3 *database) {
  fts5_api *api = 0;
  sqlite3_stmt *statement = 0;
  if (sqlite3_prepare_v2(database, "SELECT fts5(?1)", -1, &statement, 0) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, (void *)&api, "fts5_api_ptr", (void (*)(void *))0);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  return api;
}

#endif
