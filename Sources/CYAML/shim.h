#ifndef PLIMSOLL_CYAML_H
#define PLIMSOLL_CYAML_H

#include <yaml.h>

#endif
