#ifndef ROOST_MIGRATIONS_H
#define ROOST_MIGRATIONS_H

#include <stddef.h>

/// One step of the database's history, compiled into the binary.
typedef struct {
  int number;
  const char *_Nonnull name;
  const unsigned char *_Nonnull sqlite;
  size_t sqlite_count;
  const unsigned char *_Nonnull postgres;
  size_t postgres_count;
} roost_migration;

/// How many there are. They are numbered 1, 2, … without a gap.
int roost_migrations_count(void);

/// The migration at a position from 0 on, which must be below the count. The texts live as long as the process.
roost_migration roost_migration_at(int position);

#endif
