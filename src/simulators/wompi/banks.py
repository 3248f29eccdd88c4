"""The PSE list: the placeholder, the two sandbox banks and a choice of real ones."""

PLACEHOLDER = "0"
APPROVING = "1"
DECLINING = "2"

BANKS: dict[str, str] = {
    PLACEHOLDER: "A continuación seleccione su banco",
    APPROVING: "Banco que aprueba",
    DECLINING: "Banco que rechaza",
    "1040": "BANCO AGRARIO",
    "1052": "BANCO AV VILLAS",
    "1032": "BANCO CAJA SOCIAL",
    "1066": "BANCO COOPERATIVO COOPCENTRAL",
    "1051": "BANCO DAVIVIENDA",
    "1001": "BANCO DE BOGOTA",
    "1023": "BANCO DE OCCIDENTE",
    "1062": "BANCO FALABELLA",
    "1063": "BANCO FINANDINA",
    "1012": "BANCO GNB SUDAMERIS",
    "1060": "BANCO PICHINCHA",
    "1002": "BANCO POPULAR",
    "1065": "BANCO SANTANDER COLOMBIA",
    "1069": "BANCO SERFINANZA",
    "1303": "BANCO UNION",
    "1059": "BANCAMIA",
    "1007": "BANCOLOMBIA",
    "1061": "BANCOOMEVA",
    "1013": "BBVA COLOMBIA",
    "1009": "CITIBANK",
    "1370": "COLTEFINANCIERA",
    "1292": "CONFIAR COOPERATIVA FINANCIERA",
    "1289": "COTRAFA",
    "1097": "DALE",
    "1551": "DAVIPLATA",
    "1637": "IRIS",
    "1006": "ITAU",
    "1070": "LULO BANK",
    "1801": "MOVII",
    "1507": "NEQUI",
    "1151": "RAPPIPAY",
    "1019": "SCOTIABANK COLPATRIA",
}
