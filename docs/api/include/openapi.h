#ifndef ROOST_OPENAPI_H
#define ROOST_OPENAPI_H

/// The bytes of docs/api/openapi.json; they live as long as the process.
const unsigned char *roost_openapi_document(void);
long roost_openapi_document_count(void);

#endif
