"""Formulas of compounds by their common and their systematic names."""

from typing import Final

_TABLE: Final = """
water H2O | heavy water D2O | ice H2O | steam H2O | hydrogen peroxide H2O2 | ammonia NH3 | hydrazine N2H4
carbon dioxide CO2 | carbon monoxide CO | dry ice CO2 | nitrous oxide, laughing gas N2O | nitric oxide NO
nitrogen dioxide NO2 | dinitrogen tetroxide N2O4 | sulfur dioxide SO2 | sulfur trioxide SO3 | ozone O3
hydrogen sulfide H2S | hydrogen gas, molecular hydrogen H2 | oxygen gas, molecular oxygen O2
nitrogen gas, molecular nitrogen N2 | chlorine gas Cl2 | carbon disulfide CS2 | carbon tetrachloride CCl4
phosgene COCl2 | phosphine PH3 | silane SiH4 | silica, silicon dioxide, quartz, sand SiO2 | silicon carbide SiC
hydrochloric acid, hydrogen chloride HCl | hydrofluoric acid, hydrogen fluoride HF
hydrobromic acid, hydrogen bromide HBr | hydroiodic acid, hydrogen iodide HI | hydrogen cyanide HCN
sulfuric acid H2SO4 | sulfurous acid H2SO3 | nitric acid HNO3 | nitrous acid HNO2 | phosphoric acid H3PO4
phosphorous acid H3PO3 | carbonic acid H2CO3 | perchloric acid HClO4 | chloric acid HClO3 | hypochlorous acid HClO
boric acid H3BO3 | chromic acid H2CrO4 | oxalic acid H2C2O4 | hydrochloric gas HCl
sodium chloride, table salt, salt, rock salt NaCl | sodium hydroxide, lye, caustic soda NaOH
sodium carbonate, washing soda, soda ash Na2CO3 | sodium bicarbonate, baking soda, bicarbonate of soda NaHCO3
sodium sulfate Na2SO4 | sodium nitrate NaNO3 | sodium nitrite NaNO2 | sodium hypochlorite, bleach NaClO
sodium fluoride NaF | sodium bromide NaBr | sodium iodide NaI | sodium acetate NaC2H3O2 | sodium phosphate Na3PO4
sodium thiosulfate Na2S2O3 | sodium sulfite Na2SO3 | sodium oxide Na2O | sodium peroxide Na2O2 | sodium cyanide NaCN
sodium azide NaN3 | sodium benzoate NaC7H5O2 | monosodium glutamate NaC5H8NO4 | sodium borohydride NaBH4
borax Na2B4H20O17
potassium chloride KCl | potassium hydroxide, caustic potash KOH | potassium nitrate, saltpeter KNO3
potassium permanganate KMnO4 | potassium carbonate, potash K2CO3 | potassium iodide KI | potassium bromide KBr
potassium sulfate K2SO4 | potassium dichromate K2Cr2O7 | potassium chromate K2CrO4 | potassium chlorate KClO3
potassium cyanide KCN | potassium phosphate K3PO4 | potassium bicarbonate KHCO3 | potassium fluoride KF
lithium hydroxide LiOH | lithium carbonate Li2CO3 | lithium chloride LiCl | lithium fluoride LiF
lithium hydride LiH
calcium carbonate, chalk, limestone, marble, calcite CaCO3 | calcium oxide, quicklime, lime CaO
calcium hydroxide, slaked lime Ca(OH)2 | calcium chloride CaCl2 | calcium sulfate CaSO4 | gypsum CaSO6H4
calcium phosphate Ca3(PO4)2 | calcium fluoride, fluorite CaF2 | calcium nitrate Ca(NO3)2 | calcium carbide CaC2
magnesium oxide, magnesia MgO | magnesium hydroxide, milk of magnesia Mg(OH)2 | magnesium sulfate MgSO4
epsom salt MgSO11H14 | magnesium chloride MgCl2 | magnesium carbonate MgCO3 | magnesium nitrate Mg(NO3)2
barium sulfate BaSO4 | barium chloride BaCl2 | barium hydroxide Ba(OH)2 | barium carbonate BaCO3
strontium carbonate SrCO3 | strontium chloride SrCl2 | beryllium oxide BeO
aluminum oxide, alumina, corundum, ruby, sapphire Al2O3 | aluminum chloride AlCl3 | aluminum hydroxide Al(OH)3
aluminum sulfate Al2(SO4)3 | aluminum fluoride AlF3 | aluminum nitrate Al(NO3)3
iron oxide, rust, iron three oxide, ferric oxide, hematite Fe2O3 | magnetite Fe3O4
ferrous oxide, iron two oxide FeO
iron sulfate, ferrous sulfate FeSO4 | iron chloride, ferric chloride FeCl3 | ferrous chloride FeCl2
pyrite, iron pyrite, fool's gold FeS2 | iron sulfide FeS | iron hydroxide Fe(OH)3 | iron carbonate FeCO3
copper sulfate CuSO4 | copper oxide CuO | cuprous oxide Cu2O | copper chloride CuCl2 | copper nitrate Cu(NO3)2
copper carbonate CuCO3 | copper hydroxide Cu(OH)2 | copper sulfide CuS | malachite Cu2CO5H2
zinc oxide ZnO | zinc chloride ZnCl2 | zinc sulfate ZnSO4 | zinc sulfide ZnS | zinc carbonate ZnCO3
silver nitrate AgNO3 | silver chloride AgCl | silver bromide AgBr | silver iodide AgI | silver oxide Ag2O
silver sulfide Ag2S
gold chloride AuCl3 | mercury oxide HgO | mercury chloride HgCl2 | cinnabar, mercury sulfide HgS
lead oxide PbO | lead dioxide PbO2 | lead nitrate Pb(NO3)2 | lead iodide PbI2 | lead chloride PbCl2
galena, lead sulfide PbS
lead sulfate PbSO4 | tin oxide SnO2 | tin chloride SnCl2 | stannous fluoride SnF2 | titanium dioxide, rutile TiO2
titanium tetrachloride TiCl4 | tungsten carbide WC | manganese dioxide MnO2 | manganese sulfate MnSO4
nickel sulfate NiSO4 | nickel oxide NiO | nickel chloride NiCl2 | cobalt chloride CoCl2 | cobalt oxide CoO
chromium oxide Cr2O3 | chromium trioxide CrO3 | vanadium pentoxide V2O5 | uranium hexafluoride UF6
uranium dioxide UO2
ammonium chloride, sal ammoniac NH4Cl | ammonium nitrate NH4NO3 | ammonium sulfate (NH4)2SO4
ammonium hydroxide NH4OH
ammonium carbonate (NH4)2CO3 | ammonium phosphate (NH4)3PO4 | ammonium bicarbonate NH4HCO3
phosphorus pentoxide P4O10 | phosphorus trichloride PCl3 | phosphorus pentachloride PCl5 | sulfur hexafluoride SF6
boron trifluoride BF3 | boron nitride BN | diborane B2H6 | xenon difluoride XeF2 | xenon tetrafluoride XeF4
methane, natural gas CH4 | ethane C2H6 | propane C3H8 | butane, isobutane C4H10 | pentane C5H12 | hexane C6H14
heptane C7H16 | octane, isooctane C8H18 | nonane C9H20 | decane C10H22 | dodecane C12H26 | cyclohexane C6H12
ethylene, ethene C2H4 | propylene, propene C3H6 | butene C4H8 | butadiene C4H6 | isoprene C5H8
acetylene, ethyne C2H2 | propyne C3H4 | benzene C6H6 | toluene C7H8 | xylene C8H10 | styrene C8H8
naphthalene C10H8
anthracene C14H10 | phenol C6H6O | aniline C6H7N | nitrobenzene C6H5NO2 | chlorobenzene C6H5Cl | pyridine C5H5N
methanol, methyl alcohol, wood alcohol CH4O | ethanol, alcohol, ethyl alcohol, grain alcohol C2H6O
propanol, isopropanol, isopropyl alcohol, rubbing alcohol C3H8O | butanol C4H10O
glycerol, glycerin, glycerine C3H8O3
ethylene glycol, antifreeze C2H6O2 | propylene glycol C3H8O2 | sorbitol, mannitol C6H14O6 | xylitol C5H12O5
menthol C10H20O
formaldehyde CH2O | acetaldehyde C2H4O | benzaldehyde C7H6O | vanillin C8H8O3 | acetone C3H6O | butanone C4H8O
formic acid CH2O2 | acetic acid, vinegar C2H4O2 | propionic acid C3H6O2 | butyric acid C4H8O2 | lactic acid C3H6O3
citric acid C6H8O7 | tartaric acid C4H6O6 | malic acid C4H6O5 | succinic acid C4H6O4 | benzoic acid C7H6O2
salicylic acid C7H6O3 | ascorbic acid, vitamin c C6H8O6 | stearic acid C18H36O2 | palmitic acid C16H32O2
oleic acid C18H34O2 | linoleic acid C18H32O2 | pyruvic acid C3H4O3 | folic acid C19H19N7O6
ethyl acetate C4H8O2 | methyl acetate C3H6O2 | diethyl ether, ether C4H10O | tetrahydrofuran C4H8O
dimethyl sulfoxide C2H6OS | dimethylformamide C3H7NO | acetonitrile C2H3N | chloroform CHCl3
dichloromethane CH2Cl2
methyl chloride, chloromethane CH3Cl | vinyl chloride C2H3Cl | trichloroethylene C2HCl3 | nitromethane CH3NO2
urea CH4N2O
methylamine CH5N | ethylamine C2H7N | trimethylamine C3H9N | acetamide C2H5NO | melamine C3H6N6
nitroglycerin C3H5N3O9
trinitrotoluene, t n t C7H5N3O6
glucose, dextrose, blood sugar, fructose, galactose, mannose C6H12O6
sucrose, sugar, table sugar, cane sugar C12H22O11
lactose, maltose, milk sugar C12H22O11 | ribose C5H10O5 | deoxyribose C5H10O4 | caffeine C8H10N4O2
theobromine, theophylline C7H8N4O2
nicotine C10H14N2 | aspirin, acetylsalicylic acid C9H8O4 | paracetamol, acetaminophen C8H9NO2 | ibuprofen C13H18O2
penicillin C16H18N2O4S | morphine C17H19NO3 | codeine C18H21NO3 | quinine C20H24N2O2 | cholesterol C27H46O
testosterone C19H28O2 | estradiol C18H24O2 | progesterone C21H30O2 | cortisol C21H30O5
adrenaline, epinephrine C9H13NO3
dopamine C8H11NO2 | serotonin C10H12N2O | histamine C5H9N3 | melatonin C13H16N2O2 | capsaicin C18H27NO3
curcumin C21H20O6
glycine C2H5NO2 | alanine C3H7NO2 | valine C5H11NO2 | leucine, isoleucine C6H13NO2 | serine C3H7NO3
threonine C4H9NO3
cysteine C3H7NO2S | methionine C5H11NO2S | proline C5H9NO2 | phenylalanine C9H11NO2 | tyrosine C9H11NO3
tryptophan C11H12N2O2 | lysine C6H14N2O2 | arginine C6H14N4O2 | histidine C6H9N3O2 | aspartic acid C4H7NO4
glutamic acid C5H9NO4 | asparagine C4H8N2O3 | glutamine C5H10N2O3 | creatine C4H9N3O2 | taurine C2H7NO3S
adenine C5H5N5 | guanine C5H5N5O | cytosine C4H5N3O | thymine C5H6N2O2 | uracil C4H4N2O2 | adenosine C10H13N5O4
adenosine triphosphate C10H16N5O13P3 | retinol, vitamin a C20H30O | thiamine C12H17N4OS | riboflavin C17H20N4O6
niacin C6H5NO2
camphor C10H16O | limonene, pinene C10H16 | geraniol C10H18O | beta carotene C40H56 | chlorophyll C55H72MgN4O5
graphite, diamond C
"""


def _read() -> dict[str, str]:
    names: dict[str, str] = {}
    for entry in _TABLE.replace("\n", " | ").split("|"):
        words, _, formula = entry.strip().rpartition(" ")
        for name in filter(None, (word.strip() for word in words.split(","))):
            names[name] = formula
    for name in list(names):
        british = name.replace("sulf", "sulph").replace("aluminum", "aluminium")
        names.setdefault(british, names[name])
    return names


FORMULAS: Final = _read()
