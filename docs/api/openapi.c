#include "openapi.h"

// The API's description, compiled into the binary.
static const unsigned char document[] = {
#embed "openapi.json"
};

const unsigned char *roost_openapi_document(void) { return document; }

long roost_openapi_document_count(void) { return sizeof document; }
