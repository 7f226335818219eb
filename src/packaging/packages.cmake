# Debian packages, by cpack: librill0 (the library), librill-dev (to build against it: headers,
# static library, manual of the functions), rill (the inspector, and the registry).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "The Rill authors")
set(CPACK_PACKAGE_CONTACT "The Rill authors <rill@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL library development tools)
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS library)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME librill0)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME librill-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS libnuma-dev) # for the static library
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME rill)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "This package has the library that programs run with.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "This package has what it takes to build programs: \
headers, the static library, the manual of the functions, files for pkg-config and CMake.")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "This package has the inspector, which creates queues, \
pipes data in and out, looks at them and cleans up; and the registry.")

# Each package contains the license; an installation without packages has it among the documents.
foreach(pair librill0:library librill-dev:development rill:tools)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 package)
  list(GET pair 1 component)
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE RENAME copyright
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
