"""The list that GET_BANKS_LIST answers, with its placeholder first."""

PLACEHOLDER = "0"

BANKS = {
    PLACEHOLDER: "A continuación seleccione su banco",
    "1022": "BANCO UNION COLOMBIANO",
    "1040": "BANCO AGRARIO",
    "1052": "BANCO AV VILLAS",
    "1032": "BANCO CAJA SOCIAL",
    "1051": "BANCO DAVIVIENDA",
    "1001": "BANCO DE BOGOTA",
    "1023": "BANCO DE OCCIDENTE",
    "1062": "BANCO FALABELLA",
    "1012": "BANCO GNB SUDAMERIS",
    "1002": "BANCO POPULAR",
    "1007": "BANCOLOMBIA",
    "1013": "BBVA COLOMBIA",
    "1551": "DAVIPLATA",
    "1507": "NEQUI",
    "1019": "SCOTIABANK COLPATRIA",
}
